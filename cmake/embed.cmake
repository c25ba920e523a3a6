# Writes ${OUTPUT}: a source file whose function ${FUNCTION} returns the bytes of ${INPUT}.
# Run by cmake -P with these and HEADER (what declares the function) and NAMESPACE.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes
       "${bytes}")
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n
namespace ${NAMESPACE} {\n
std::string_view ${FUNCTION}() {
  static constexpr unsigned char bytes[] = {${bytes}};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}\n
}  // namespace ${NAMESPACE}\n")
