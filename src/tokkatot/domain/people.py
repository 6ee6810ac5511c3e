"""Who may do what on a farm."""

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType


@unique
class MemberRole(StrEnum):
    """A person's role on one farm; staff have all rights on all farms."""

    VIEWER = "viewer"
    MANAGER = "manager"
    OWNER = "owner"


@unique
class Right(StrEnum):
    """A group of things that a role may do."""

    SEE = "see"
    OPERATE = "operate"
    OWN = "own"
    MAINTAIN = "maintain"


RIGHTS: Mapping[MemberRole, frozenset[Right]] = MappingProxyType(
    {
        MemberRole.VIEWER: frozenset({Right.SEE}),
        MemberRole.MANAGER: frozenset({Right.SEE, Right.OPERATE}),
        MemberRole.OWNER: frozenset({Right.SEE, Right.OPERATE, Right.OWN}),
    }
)
STAFF_RIGHTS: frozenset[Right] = frozenset(Right)


@unique
class Language(StrEnum):
    """A language of the app."""

    KHMER = "km"
    ENGLISH = "en"
