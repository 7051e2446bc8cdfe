"""GRANT, REVOKE and SHOW GRANTS: who beside its owner may read and write what has a name."""

from __future__ import annotations

from functools import partial

from cubeql.catalog.rights import EVERYBODY, Rights, Who, is_user_name, owner_of
from cubeql.engine.result import Result, done
from cubeql.engine.statements.call import Call
from cubeql.lang import nodes
from cubeql.storage.naming import Named


def grant(call: Call, statement: nodes.Grant) -> Result:
    """``GRANT READ|WRITE ON name TO user|public`` and ``REVOKE … FROM …``; done again, nothing changes."""
    written, user = ".".join(statement.name), statement.grantee
    if not is_user_name(user) and user.casefold() != EVERYBODY:
        raise call.refuse("bad_grantee", statement, name=user)
    call.allow("rule", statement, written)
    way = Rights.revoked if statement.revoke else Rights.granted
    found = call.store.change_rights(written, partial(way, right=statement.right, user=user))
    if found is None:
        store = call.store
        known = (*store.layer_names(), *store.view_names(), *store.cell_set_names())
        raise call.unknown("unknown_layer", statement, written, known)
    return done((_revoked if statement.revoke else _granted)(statement, *found), call.text)


def _granted(statement: nodes.Grant, named: Named, before: Rights, after: Rights) -> str:
    user, name, right = statement.grantee, named.name, statement.right
    if owner_of(name) == user.casefold():
        return f"{name} is {user}'s own: nothing is refused to {user}"
    told = f"{user} may {_verb(statement)} {name}"
    if before == after:
        return f"{told}, as before"
    everybody = Who(EVERYBODY)
    return f"{told}; so may everybody" if before.allow(everybody, right, name) else told


def _revoked(statement: nodes.Grant, named: Named, before: Rights, after: Rights) -> str:
    user, name, right = statement.grantee, named.name, statement.right
    who = Who(user)
    if owner_of(name) == user.casefold():
        return f"{name} is {user}'s own: nothing is refused to {user}"
    if after.allow(who, right, name):
        public = f"REVOKE {right.upper()} ON {name} FROM {EVERYBODY} takes it from everybody"
        return f"{user} may still {_verb(statement)} {name}, since everybody may: {public}"
    if before == after:
        return f"{user} had no right to {_verb(statement)} {name}"
    if right == "read":
        return f"{user} may not read {name} any more{', nor write to it' if before.allow(who, 'write', name) else ''}"
    still = after.allow(who, "read", name)
    return f"{user} may not write to {name} any more, {'but still read it' if still else 'nor read it'}"


def _verb(statement: nodes.Grant) -> str:
    return "read" if statement.right == "read" else "write to"
