from application.ports.mail import Mail
from domain.user import User


def welcome(user: User) -> Mail:
    return Mail(
        user.email,
        "Welcome to Task Manager",
        f"Hello {user.full_name or user.username},\n\n"
        f"your account {user.username} is ready. Have a look at what is due today.\n",
    )


def password_reset(user: User, link: str) -> Mail:
    return Mail(
        user.email,
        "Choose a new password",
        f"Hello {user.full_name or user.username},\n\n"
        f"somebody, hopefully you, wants a new password for {user.username}.\n"
        "This link is good for 30 minutes, and once:\n\n"
        f"{link}\n\n"
        "If it was not you, nothing happens without it.\n",
    )
