# Writes a C++ source that holds files as text; see kp_embed in CMakeLists.txt.
# Input: OUTPUT, NAMESPACE, FUNCTION, FILES (paths from the working folder, split by '|').
string(REPLACE "|" ";" files "${FILES}")
set(text "#include <string_view>\n#include <utility>\n#include <vector>\n\n")
string(APPEND text "namespace ${NAMESPACE} {\n\n")
string(APPEND text "std::vector<std::pair<std::string_view, std::string_view>> ${FUNCTION}();\n")
string(APPEND text "std::vector<std::pair<std::string_view, std::string_view>> ${FUNCTION}() {\n  return {\n")
foreach(file ${files})
  file(READ ${file} content)
  string(APPEND text "      {\"${file}\", R\"kp_embed(${content})kp_embed\"},\n")
endforeach()
string(APPEND text "  };\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUTPUT} "${text}")
