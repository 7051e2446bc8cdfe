"""A store that another process serves: ``connect("flight://host:port")``."""
