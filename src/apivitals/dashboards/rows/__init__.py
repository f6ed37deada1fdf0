"""Rows that more than one dashboard has, or that are a subject by themselves."""
