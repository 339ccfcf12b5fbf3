"""What bounds are computed with, loaded ahead of the first one."""


def load() -> None:
    """Nothing; loads the numerical libraries, which takes some tenths of a second, where there is time to spare."""
    import scipy.special  # noqa: F401 - loaded for those who import it next
