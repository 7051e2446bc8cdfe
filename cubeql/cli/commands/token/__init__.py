"""``cubeql token create``, ``list`` and ``revoke``."""
