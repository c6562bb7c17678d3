from typing import TYPE_CHECKING, Annotated, Final, Unpack
from uuid import UUID

import typer

from domain.identity.user import Role, UserChanges, UserId
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from entrypoints.cli.exits import exit_with_error
from entrypoints.cli.lists import AllOption, LimitOption, SortOrder, collect, describe_rest
from entrypoints.cli.options import with_options
from entrypoints.cli.setup import build_container, read_password, run, run_on
from entrypoints.cli.terminal.output import JsonOption, print_item, print_items, print_json, print_note

if TYPE_CHECKING:
    from domain.identity.user import User
    from entrypoints.wiring.services import Services

app = typer.Typer(no_args_is_help=True, help="Manage accounts.")


COLUMNS: Final = ("id", "username", "role", "is_active", "email")

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Username, e-mail address or id.", show_default=False)
]


@app.command("list", epilog="\b\nExample:\n  task-manager users list --role admin --active")
@with_options("filter", UserFilter, UserFilter)
def list_users(
    filter: UserFilter,
    sort_by: Annotated[UserSortField, typer.Option(help="Field to sort by.")] = UserSortField.CREATED_AT,
    sort_order: Annotated[SortOrder, typer.Option(help="Direction.")] = "desc",
    limit: LimitOption = 50,
    all_rows: AllOption = False,
    as_json: JsonOption = False,
) -> None:
    """List accounts that meet all conditions, the newest first."""
    from application.identity.users import ListUsers
    from entrypoints.http.api.identity.user_schemas import UserPageView

    order = UserOrder(sort_by, sort_order == "desc")
    page = run(
        lambda services: collect(
            lambda paging: services.bootstrap.list_users(ListUsers(filter=filter, order=order, paging=paging)),
            None if all_rows else limit,
        )
    )
    view = UserPageView.of(page)
    if as_json:
        print_json(view)
        return
    print_items(view.items, COLUMNS)
    if hint := describe_rest(page, "users"):
        print_note(hint)


@app.command()
def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show an account."""
    from entrypoints.http.api.identity.auth_schemas import UserView

    view = UserView.of(run(lambda services: services.bootstrap.find_user(name)))
    print_json(view) if as_json else print_item(view)


@app.command()
def create(
    username: Annotated[str, typer.Option(help="3 to 50 characters: A-Z a-z 0-9 _ -")],
    email: Annotated[str, typer.Option(help="E-mail address of the user.")],
    role: Annotated[Role, typer.Option(help="Rights of the user.")] = Role.USER,
) -> None:
    """Create an account, for example the first admin. Prompts for the password, or reads a line of standard input."""
    from application.identity.registration import CreateUser

    container = build_container()
    if container.storage().is_process_local:
        exit_with_error("STORAGE=memory loses the account when this command ends")
    command = CreateUser(username=username, email=email, password=read_password(), role=role)
    user = run_on(container, lambda services: services.bootstrap.create_user(command))
    typer.echo(f"{user.role} {user.username} has id {user.id}")


@app.command("set-role", epilog="\b\nExample:\n  task-manager users set-role ann admin")
def set_role(name: NameArgument, role: Annotated[Role, typer.Argument(help="The new role.")]) -> None:
    """Give an account another role. The last active admin remains one."""
    _edit(name, role=role)


@app.command("set-active", epilog="\b\nExample:\n  task-manager users set-active ann false")
def set_active(name: NameArgument, is_active: Annotated[bool, typer.Argument(help="true or false.")]) -> None:
    """Activate or deactivate an account, which ends its sessions. The last active admin remains active."""
    _edit(name, is_active=is_active)


@app.command("reset-password")
def reset_password(name: NameArgument) -> None:
    """Set a new password and end all sessions. Prompts for the password, or reads a line of standard input.

    The account can log in at once, also after too many wrong passwords.
    """
    container = build_container()
    password = read_password()

    async def reset(services: "Services") -> "User":
        user = await services.bootstrap.find_user(name)
        await services.bootstrap.reset_password(user.id, password)
        return user

    user = run_on(container, reset)
    typer.echo(f"{user.username} has a new password")
    if not user.is_active:
        print_note(f"the account is inactive: task-manager users set-active {user.username} true")


@app.command()
def erase(
    user_ids: Annotated[
        list[UUID], typer.Argument(metavar="USER_ID...", help="Ids of the accounts.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the deletion.")] = False,
) -> None:
    """Delete accounts with all their data. Ids without an account are reported and skipped."""
    container = build_container()
    if not yes:
        typer.confirm(f"Delete {len(user_ids)} accounts with all their data?", abort=True, err=True)
    run_on(container, lambda services: _erase(services, [UserId(user_id) for user_id in user_ids]))


def _edit(name: str, **changes: Unpack[UserChanges]) -> None:
    from entrypoints.http.api.identity.auth_schemas import UserView

    async def edit(services: "Services") -> "User":
        user = await services.bootstrap.find_user(name)
        return await services.bootstrap.edit_user(user.id, **changes)

    print_items([UserView.of(run(edit))], COLUMNS)


async def _erase(services: "Services", user_ids: list[UserId]) -> None:
    from domain.errors import UserNotFound

    for user_id in user_ids:
        try:
            await services.bootstrap.erase_user(user_id)
            typer.echo(f"erased {user_id}")
        except UserNotFound:
            typer.echo(f"{user_id} has no account", err=True)
