#include "cli/json.h"

#include <google/protobuf/util/json_util.h>

#include "base/check.h"

namespace telltale::cli {
namespace {

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

Json JsonOf(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  // Fails for an Any of an unknown type or a time beyond the year 9999 only; the first is not in the contract.
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return nullptr;
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  CHECK(!json.is_discarded());
  return json;
}

std::string JsonText(const Json& json) {
  if (!json.is_array()) return Dump(json) + '\n';
  std::string text = "[";
  for (std::size_t i = 0; i < json.size(); ++i) text += (i == 0 ? "\n" : ",\n") + Dump(json[i]);
  return text + (json.empty() ? "]\n" : "\n]\n");
}

}  // namespace telltale::cli
