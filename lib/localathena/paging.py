"""The pages of this service's answers."""

from __future__ import annotations

from localapi.paging import Paging
from localathena.errors import InvalidRequest

_PAGING = Paging(50, InvalidRequest)
bounds, page, page_of = _PAGING.bounds, _PAGING.page, _PAGING.page_of
