"""Reference pages made of the product's own tables and the golden cases."""
