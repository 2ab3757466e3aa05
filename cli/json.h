#pragma once

#include <string>
#include <vector>

#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

// JSON as protobuf's own mapping gives it: names as in the contract, every field printed, 64-bit integers and times as
// text. A reader that ignores unknown fields gets the messages of proto/telltale/v1 back from what --json prints.
namespace telltale::cli {

using Json = nlohmann::ordered_json;

Json JsonOf(const google::protobuf::Message& message);

template <typename Message>
Json JsonArrayOf(const std::vector<Message>& messages) {
  Json array = Json::array();
  for (const Message& message : messages) array.push_back(JsonOf(message));
  return array;
}

// One line for an object, one line for each element of an array; ends the last line.
std::string JsonText(const Json& json);

}  // namespace telltale::cli
