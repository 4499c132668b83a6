-- What is settled is made from nothing once more, so that settled_paths is filled.
TRUNCATE TABLE settlements;
