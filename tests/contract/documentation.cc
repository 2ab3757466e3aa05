#include <set>

#include <google/protobuf/descriptor.pb.h>

#include "tests/contract/contract.h"

namespace telltale::contract {
namespace {

namespace pb = google::protobuf;

// The comment before an element, empty if there is none.
template <typename Element>
std::string CommentOf(const Element& element) {
  pb::SourceLocation location;
  return element.GetSourceLocation(&location) ? location.leading_comments : "";
}

class Reading {
 public:
  // The messages that an rpc's comment describes, not one of their own.
  void NoteRequestsAndResponses(const pb::FileDescriptor& file) {
    for (int i = 0; i < file.service_count(); ++i) {
      for (int j = 0; j < file.service(i)->method_count(); ++j) {
        const pb::MethodDescriptor& method = *file.service(i)->method(j);
        if (method.input_type()->name() == method.name() + "Request") described_.insert(method.input_type());
        if (method.output_type()->name() == method.name() + "Response") described_.insert(method.output_type());
      }
    }
  }

  void Read(const pb::FileDescriptor& file) {
    file_ = file.name();
    for (int i = 0; i < file.service_count(); ++i) Read(*file.service(i));
    for (int i = 0; i < file.message_type_count(); ++i) Read(*file.message_type(i));
    for (int i = 0; i < file.enum_type_count(); ++i) Read(*file.enum_type(i));
  }

  std::vector<Violation> Take() { return std::move(violations_); }

 private:
  void Add(const std::string& element, std::string what) {
    violations_.push_back({.file = file_, .element = element, .what = std::move(what)});
  }

  void Read(const pb::ServiceDescriptor& service) {
    if (CommentOf(service).empty()) Add(service.full_name(), "the service has no comment");
    for (int i = 0; i < service.method_count(); ++i) {
      const pb::MethodDescriptor& method = *service.method(i);
      const std::string comment = CommentOf(method);
      if (comment.empty()) {
        Add(method.full_name(), "the rpc has no comment");
      } else if (comment.find("Errors:") == std::string::npos) {
        Add(method.full_name(), "the comment does not list its errors after \"Errors:\"");
      }
    }
  }

  void Read(const pb::Descriptor& message) {
    if (message.options().map_entry()) return;  // made by protoc
    if (!described_.contains(&message) && CommentOf(message).empty()) {
      Add(message.full_name(), "the message has no comment");
    }
    if (message.name().ends_with("Request")) ReadRanges(message);
    if (message.name() == "TimeRange" && CommentOf(message).find("half-open") == std::string::npos) {
      Add(message.full_name(), "the comment does not say that the interval is half-open");
    }
    for (int i = 0; i < message.nested_type_count(); ++i) Read(*message.nested_type(i));
    for (int i = 0; i < message.enum_type_count(); ++i) Read(*message.enum_type(i));
  }

  // A range of time that is asked for is a TimeRange, so that every rpc treats its ends alike.
  void ReadRanges(const pb::Descriptor& message) {
    static const std::set<std::string> ends = {"from",  "to",  "since",      "until",
                                               "start", "end", "start_time", "end_time"};
    for (int i = 0; i < message.field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.field(i);
      const bool is_time_range = field.message_type() != nullptr && field.message_type()->name() == "TimeRange";
      const bool is_range = field.name() == "range" || field.name().ends_with("_range");
      if (ends.contains(field.name()) || (is_range && !is_time_range)) {
        Add(field.full_name(), "a range of time is a TimeRange");
      }
    }
  }

  void Read(const pb::EnumDescriptor& type) {
    if (!type.value(0)->name().ends_with("_UNSPECIFIED")) {
      Add(type.full_name(), "the first value does not end with _UNSPECIFIED");
    }
  }

  std::set<const pb::Descriptor*> described_;
  std::string file_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> MissingDocumentation(const Contract& contract) {
  Reading reading;
  for (const pb::FileDescriptor* file : contract.files) reading.NoteRequestsAndResponses(*file);
  for (const pb::FileDescriptor* file : contract.files) reading.Read(*file);
  return reading.Take();
}

}  // namespace telltale::contract
