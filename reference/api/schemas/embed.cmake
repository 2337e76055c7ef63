# Makes a C++ file that holds the texts of the given schema files.
#   cmake -DOUTPUT=x.cc -P embed.cmake -- a.schema b.schema
# The files are small, so a raw string each is enough; their names go along for error texts.
set(text "// Made by schemas/embed.cmake.\n#include \"reference/api/schema_parser.h\"\n\nnamespace kp::api {\n\n")
string(APPEND text "const std::vector<SchemaSource>& EmbeddedSchemas() {\n")
string(APPEND text "  static const auto* sources = new std::vector<SchemaSource>{\n")
set(reading OFF)
foreach(index RANGE ${CMAKE_ARGC})
  set(argument "${CMAKE_ARGV${index}}")
  if(reading AND NOT argument STREQUAL "")
    file(READ "${argument}" content)
    get_filename_component(name "${argument}" NAME)
    string(APPEND text "      {\"${name}\", R\"kp_schema(${content})kp_schema\"},\n")
  elseif(argument STREQUAL "--")
    set(reading ON)
  endif()
endforeach()
string(APPEND text "  };\n  return *sources;\n}\n\n}  // namespace kp::api\n")
file(WRITE "${OUTPUT}" "${text}")
