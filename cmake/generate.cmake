# Generated sources: gen/ reads decl/ and writes into the build folder. A room's generated files are put
# into the property weir_generated_<room> before the room is declared.
