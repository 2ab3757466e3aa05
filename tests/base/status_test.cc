#include "base/status.h"

#include <memory>

#include <gtest/gtest.h>

namespace telltale {
namespace {

Status Count(const Status& status, int& passed_count) {
  RETURN_IF_ERROR(status);
  ++passed_count;
  return OkStatus();
}

TEST(ReturnIfError, ReturnsAnErrorAndPassesOk) {
  int passed_count = 0;
  EXPECT_EQ(Count(absl::NotFoundError("no such vehicle"), passed_count), absl::NotFoundError("no such vehicle"));
  EXPECT_EQ(passed_count, 0);
  EXPECT_TRUE(Count(OkStatus(), passed_count).ok());
  EXPECT_EQ(passed_count, 1);
}

TEST(ReturnIfError, EvaluatesItsExpressionOnce) {
  int call_count = 0;
  const auto function = [&call_count]() -> Status {
    RETURN_IF_ERROR((++call_count, absl::DataLossError("checksum")));
    return OkStatus();
  };
  EXPECT_EQ(function(), absl::DataLossError("checksum"));
  EXPECT_EQ(call_count, 1);
}

// A class that keeps its status under the usual name for a member.
class Remembers {
 public:
  explicit Remembers(Status status) : status_(std::move(status)) {}
  Status Check() const {
    RETURN_IF_ERROR(status_);
    return OkStatus();
  }

 private:
  Status status_;
};

TEST(ReturnIfError, ReadsAMemberCalledStatus) {
  EXPECT_EQ(Remembers(absl::DataLossError("checksum")).Check(), absl::DataLossError("checksum"));
  EXPECT_TRUE(Remembers(OkStatus()).Check().ok());
}

StatusOr<std::string> CountryOf(const StatusOr<std::string>& vin) {
  if (!vin.ok()) return absl::InvalidArgumentError("vin: " + MessageOf(vin.status()));
  return vin->substr(0, 1);
}

StatusOr<int> LengthTwice(const StatusOr<std::string>& first, const StatusOr<std::string>& second) {
  ASSIGN_OR_RETURN(const std::string a, first);
  ASSIGN_OR_RETURN(const std::string b, second);
  return static_cast<int>(a.size() + b.size());
}

TEST(AssignOrReturn, TakesTheValuesOrReturnsTheFirstError) {
  EXPECT_EQ(*LengthTwice(std::string("ab"), std::string("cde")), 5);
  EXPECT_EQ(LengthTwice(absl::NotFoundError("a"), absl::NotFoundError("b")).status(), absl::NotFoundError("a"));
  EXPECT_EQ(LengthTwice(std::string("ab"), absl::NotFoundError("b")).status(), absl::NotFoundError("b"));
}

TEST(AssignOrReturn, MovesWhatCannotBeCopied) {
  const auto function = []() -> StatusOr<int> {
    ASSIGN_OR_RETURN(const std::unique_ptr<int> number, StatusOr<std::unique_ptr<int>>(std::make_unique<int>(7)));
    return *number;
  };
  EXPECT_EQ(*function(), 7);
}

TEST(MessageOf, IsTheMessageWithoutTheCode) {
  EXPECT_EQ(MessageOf(absl::NotFoundError("no such vehicle")), "no such vehicle");
  EXPECT_EQ(MessageOf(OkStatus()), "");
  EXPECT_EQ(CountryOf(absl::NotFoundError("lost")).status(), absl::InvalidArgumentError("vin: lost"));
}

}  // namespace
}  // namespace telltale
