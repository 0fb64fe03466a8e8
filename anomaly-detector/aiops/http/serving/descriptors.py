"""How many files and sockets a process may have open."""


def open_files(wanted: int) -> int | None:
    """Raise the limit of open files of this process as far as allowed; returns the limit, None where there is none."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return wanted if soft == resource.RLIM_INFINITY else int(soft)
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):
        return int(soft)
    return int(most)
