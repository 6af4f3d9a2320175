"""IS THIS FACE FILMED FROM LIFE? Ground floor: knows no HTTP, no money, no settings object."""
