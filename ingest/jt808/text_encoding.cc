#include "ingest/jt808/text_encoding.h"

#include <cerrno>
#include <memory>

#include <iconv.h>

#include "base/check.h"

namespace telltale::jt808 {
namespace {

using Converter = std::unique_ptr<void, int (*)(iconv_t)>;

// Opening one takes some microseconds, which texts for drivers have.
Converter Open(const char* to, const char* from) {
  iconv_t converter = iconv_open(to, from);
  CHECK(converter != reinterpret_cast<iconv_t>(-1));  // GBK and UTF-8 come with the C library
  return {converter, &iconv_close};
}

// Converts until the end or what cannot be converted; what is left of `in` afterwards says which.
std::string Convert(const Converter& converter, std::string_view& in) {
  std::string out(in.size() * 3 + 4, '\0');
  char* from = const_cast<char*>(in.data());  // iconv does not write to it
  std::size_t from_size = in.size();
  char* to = out.data();
  std::size_t to_size = out.size();
  iconv(converter.get(), &from, &from_size, &to, &to_size);
  in = in.substr(in.size() - from_size);
  out.resize(out.size() - to_size);
  return out;
}

}  // namespace

StatusOr<std::string> ToGbk(std::string_view utf8) {
  const Converter converter = Open("GBK", "UTF-8");
  std::string gbk = Convert(converter, utf8);
  if (!utf8.empty()) {
    return absl::InvalidArgumentError("the text has a character that GBK, which terminals show, does not have");
  }
  return gbk;
}

std::string FromGbk(std::string_view gbk) {
  const Converter converter = Open("UTF-8", "GBK");
  std::string utf8;
  while (!gbk.empty()) {
    utf8 += Convert(converter, gbk);
    if (gbk.empty()) break;
    utf8 += "\xEF\xBF\xBD";
    gbk.remove_prefix(1);
  }
  return utf8;
}

}  // namespace telltale::jt808
