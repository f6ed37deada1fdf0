"""The video shop's routes and its database: ordinary FastAPI and SQLAlchemy, as a reader would write them."""
