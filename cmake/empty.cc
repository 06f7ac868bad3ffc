// A room whose code is all generated or in headers still makes a library.
