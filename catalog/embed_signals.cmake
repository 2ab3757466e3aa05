# Writes the CSV file INPUT as a C++ source OUTPUT that defines telltale::internal::kBuiltinSignals. In pieces, since a
# string literal may not be longer than 64 KiB.
file(READ ${INPUT} text)
string(LENGTH "${text}" length)
set(pieces "")
set(from 0)
while(from LESS length)
  string(SUBSTRING "${text}" ${from} 8000 piece)
  string(APPEND pieces "R\"csv(${piece})csv\",\n")
  math(EXPR from "${from} + 8000")
endwhile()
file(WRITE ${OUTPUT} "#include \"catalog/internal/builtin_signals.h\"
namespace telltale::internal {
const char* const kBuiltinSignals[] = {
${pieces}nullptr};
}  // namespace telltale::internal
")
