#include <fmt/format.h>

#include "tests/contract/contract.h"

namespace telltale::contract {
namespace {

namespace pb = google::protobuf;

// Compares one element after the other and collects what it finds.
class Comparison {
 public:
  explicit Comparison(const pb::DescriptorPool& now) : now_(now) {}

  void Compare(const pb::FileDescriptor& before) {
    file_ = before.name();
    const pb::FileDescriptor* now = now_.FindFileByName(file_);
    if (now != nullptr && now->package() != before.package()) {
      Add(before.package(), fmt::format("the package became {}", now->package()));
      return;  // every name in it changed with it
    }
    for (int i = 0; i < before.service_count(); ++i) Compare(*before.service(i));
    for (int i = 0; i < before.message_type_count(); ++i) Compare(*before.message_type(i));
    for (int i = 0; i < before.enum_type_count(); ++i) Compare(*before.enum_type(i));
  }

  std::vector<Violation> Take() { return std::move(violations_); }

 private:
  void Add(const std::string& element, std::string what) {
    violations_.push_back({.file = file_, .element = element, .what = std::move(what)});
  }

  void AddAlways(const std::string& element, std::string what) {
    violations_.push_back({.file = file_, .element = element, .what = std::move(what), .may_be_allowed = false});
  }

  void CompareText(const std::string& element, const char* property, const std::string& before,
                   const std::string& now) {
    if (before != now) Add(element, fmt::format("{} changed from {} to {}", property, before, now));
  }

  void Compare(const pb::ServiceDescriptor& before) {
    const pb::ServiceDescriptor* now = now_.FindServiceByName(before.full_name());
    if (now == nullptr) return Add(before.full_name(), "the service is gone");
    for (int i = 0; i < before.method_count(); ++i) {
      const pb::MethodDescriptor& old_method = *before.method(i);
      const pb::MethodDescriptor* method = now->FindMethodByName(old_method.name());
      if (method == nullptr) {
        Add(old_method.full_name(), "the rpc is gone");
        continue;
      }
      Compare(old_method, *method);
    }
  }

  void Compare(const pb::MethodDescriptor& before, const pb::MethodDescriptor& now) {
    const auto side = [](bool streaming) { return streaming ? "a stream" : "one message"; };
    CompareText(before.full_name(), "the request", before.input_type()->full_name(), now.input_type()->full_name());
    CompareText(before.full_name(), "the response", before.output_type()->full_name(), now.output_type()->full_name());
    CompareText(before.full_name(), "the client's side", side(before.client_streaming()), side(now.client_streaming()));
    CompareText(before.full_name(), "the server's side", side(before.server_streaming()), side(now.server_streaming()));
  }

  void Compare(const pb::Descriptor& before) {
    const pb::Descriptor* now = now_.FindMessageTypeByName(before.full_name());
    if (now == nullptr) return Add(before.full_name(), "the message is gone");
    for (int i = 0; i < before.field_count(); ++i) Compare(*before.field(i), *now);
    for (int i = 0; i < before.nested_type_count(); ++i) Compare(*before.nested_type(i));
    for (int i = 0; i < before.enum_type_count(); ++i) Compare(*before.enum_type(i));
    for (int i = 0; i < before.reserved_range_count(); ++i) {
      const pb::Descriptor::ReservedRange& range = *before.reserved_range(i);
      for (int number = range.start; number < range.end; ++number) RequireReserved(before.full_name(), number, *now);
    }
    for (int i = 0; i < before.reserved_name_count(); ++i) {
      RequireReserved(before.full_name(), before.reserved_name(i), *now);
    }
  }

  void Compare(const pb::FieldDescriptor& before, const pb::Descriptor& parent) {
    const pb::FieldDescriptor* by_number = parent.FindFieldByNumber(before.number());
    const pb::FieldDescriptor* by_name = parent.FindFieldByName(before.name());
    if (by_name != nullptr && by_name != by_number) {
      Add(before.full_name(), fmt::format("the number changed from {} to {}", before.number(), by_name->number()));
      return;
    }
    if (by_number == nullptr) {
      Add(before.full_name(), fmt::format("the field (number {}) is gone", before.number()));
      RequireReserved(before.full_name(), before.number(), parent);
      RequireReserved(before.full_name(), before.name(), parent);
      return;
    }
    CompareText(before.full_name(), "the name", before.name(), by_number->name());
    CompareText(before.full_name(), "the type", TypeOf(before), TypeOf(*by_number));
    CompareText(before.full_name(), "the label", LabelOf(before), LabelOf(*by_number));
    if (before.name() == by_number->name()) {
      CompareText(before.full_name(), "the JSON name", before.json_name(), by_number->json_name());
    }
  }

  void Compare(const pb::EnumDescriptor& before) {
    const pb::EnumDescriptor* now = now_.FindEnumTypeByName(before.full_name());
    if (now == nullptr) return Add(before.full_name(), "the enum is gone");
    for (int i = 0; i < before.value_count(); ++i) {
      const pb::EnumValueDescriptor& old_value = *before.value(i);
      const std::string element = before.full_name() + "." + old_value.name();
      if (const pb::EnumValueDescriptor* value = now->FindValueByName(old_value.name())) {
        CompareText(element, "the number", std::to_string(old_value.number()), std::to_string(value->number()));
      } else if (value = now->FindValueByNumber(old_value.number()); value != nullptr) {
        CompareText(element, "the name", old_value.name(), value->name());
      } else {
        Add(element, fmt::format("the value (number {}) is gone", old_value.number()));
        RequireReserved(element, old_value.number(), *now);
        RequireReserved(element, old_value.name(), *now);
      }
    }
    for (int i = 0; i < before.reserved_range_count(); ++i) {
      const pb::EnumDescriptor::ReservedRange& range = *before.reserved_range(i);  // here the end is inside
      for (int number = range.start; number <= range.end; ++number) RequireReserved(before.full_name(), number, *now);
    }
    for (int i = 0; i < before.reserved_name_count(); ++i) {
      RequireReserved(before.full_name(), before.reserved_name(i), *now);
    }
  }

  template <typename Parent>
  void RequireReserved(const std::string& element, int number, const Parent& parent) {
    if (!parent.IsReservedNumber(number)) AddAlways(element, fmt::format("number {} is not reserved", number));
  }

  template <typename Parent>
  void RequireReserved(const std::string& element, const std::string& name, const Parent& parent) {
    if (!parent.IsReservedName(name)) AddAlways(element, fmt::format("name \"{}\" is not reserved", name));
  }

  static std::string TypeOf(const pb::FieldDescriptor& field) {
    if (field.message_type() != nullptr) return field.message_type()->full_name();
    if (field.enum_type() != nullptr) return field.enum_type()->full_name();
    return field.type_name();
  }

  static std::string LabelOf(const pb::FieldDescriptor& field) {
    if (field.is_repeated()) return "repeated";
    if (const pb::OneofDescriptor* oneof = field.real_containing_oneof()) return "oneof " + oneof->name();
    return field.has_presence() ? "optional" : "singular";
  }

  const pb::DescriptorPool& now_;
  std::string file_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> BreakingChanges(const Contract& before, const Contract& now) {
  Comparison comparison(*now.pool);
  for (const pb::FileDescriptor* file : before.files) comparison.Compare(*file);
  return comparison.Take();
}

}  // namespace telltale::contract
