#include "access/token_verifier.h"

#include <algorithm>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/access/token_issuer.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Kind = TokenIssuer::Kind;

constexpr std::int64_t kNowS = 1'772'323'200;  // 2026-03-01T00:00:00Z

json Claims(const json& changes = json::object()) {
  json claims = {{"iss", "https://id.example"}, {"aud", "telltale"},  {"sub", "anna"},
                 {"iat", kNowS - 10},           {"exp", kNowS + 600}, {"telltale_organisation", 7}};
  claims.merge_patch(changes);  // null takes a claim out
  return claims;
}

class TokenVerifierTest : public ::testing::Test {
 protected:
  void Start(const std::vector<const TokenIssuer*>& issuers) { StartWith(TokenIssuer::KeySet(issuers)); }
  void StartWith(const std::string& key_set) {
    ASSERT_TRUE(WriteWholeFile(keys_, key_set).ok());
    auto started = TokenVerifier::Start(Options(), clock_);
    ASSERT_TRUE(started.ok()) << started.status();
    verifier_ = *std::move(started);
  }
  TokenOptions Options() const {
    return {.issuer = "https://id.example",
            .audience = "telltale",
            .keys = keys_,
            .keys_interval = std::chrono::seconds{1}};
  }
  std::string WhyNot(const std::string& token) { return std::string(verifier_->Verify(token).status().message()); }

  TemporaryFolder folder_;
  const std::string keys_ = folder_.path() / "keys.json";
  FakeClock clock_{kNowS * 1'000};
  std::unique_ptr<TokenVerifier> verifier_;
};

TEST_F(TokenVerifierTest, TakesTheThreeAlgorithms) {
  const TokenIssuer rsa(Kind::kRs256, "r");
  const TokenIssuer ec(Kind::kEs256, "e");
  const TokenIssuer ed(Kind::kEdDsa, "d");
  Start({&rsa, &ec, &ed});
  for (const TokenIssuer* const issuer : {&rsa, &ec, &ed}) {
    const std::string token = issuer->Sign(Claims());
    ASSERT_TRUE(TokenVerifier::IsToken(token));
    for (int again = 0; again < 2; ++again) {  // the second time from memory
      const auto caller = verifier_->Verify(token);
      ASSERT_TRUE(caller.ok()) << caller.status();
      EXPECT_EQ(caller->key_id, "token:anna");
      EXPECT_EQ(caller->organisation, 7U);
      EXPECT_EQ(caller->role, Role::kMember);
      EXPECT_EQ(caller->scopes, ScopeSet::All());
    }
  }
}

TEST_F(TokenVerifierTest, ClaimsSayWhoMayWhat) {
  const TokenIssuer issuer(Kind::kEdDsa, "d");
  Start({&issuer});
  const auto caller = verifier_->Verify(issuer.Sign(Claims({{"scope", "openid telltale.faults telltale.telemetry"},
                                                            {"telltale_role", "operator"},
                                                            {"aud", {"x", "telltale"}}})));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->scopes, (ScopeSet{Scope::kFaults, Scope::kTelemetry}));
  EXPECT_EQ(caller->role, Role::kOperator);
}

TEST_F(TokenVerifierTest, RefusesWhatIsNotForUs) {
  const TokenIssuer issuer(Kind::kEdDsa, "d");
  Start({&issuer});
  const auto why_not = [&](const json& changes) { return WhyNot(issuer.Sign(Claims(changes))); };
  EXPECT_THAT(why_not({{"iss", "https://other.example"}}), HasSubstr("another issuer"));
  EXPECT_THAT(why_not({{"iss", nullptr}}), HasSubstr("another issuer"));
  EXPECT_THAT(why_not({{"aud", "other"}}), HasSubstr("audience"));
  EXPECT_THAT(why_not({{"aud", {"other"}}}), HasSubstr("audience"));
  EXPECT_THAT(why_not({{"aud", nullptr}}), HasSubstr("audience"));
  EXPECT_THAT(why_not({{"exp", nullptr}}), HasSubstr("until when"));
  EXPECT_THAT(why_not({{"exp", "tomorrow"}}), HasSubstr("until when"));
  EXPECT_THAT(why_not({{"exp", kNowS - 61}}), HasSubstr("expired"));
  EXPECT_EQ(why_not({{"exp", kNowS - 59}}), "");  // the clocks differ
  EXPECT_THAT(why_not({{"nbf", kNowS + 61}}), HasSubstr("not hold yet"));
  EXPECT_THAT(why_not({{"nbf", "soon"}}), HasSubstr("not hold yet"));
  EXPECT_THAT(why_not({{"iat", kNowS + 61}}), HasSubstr("not hold yet"));
  EXPECT_THAT(why_not({{"sub", nullptr}}), HasSubstr("for whom"));
  EXPECT_THAT(why_not({{"sub", std::string(129, 'x')}}), HasSubstr("for whom"));
  EXPECT_THAT(why_not({{"telltale_organisation", nullptr}}), HasSubstr("organisation"));
  EXPECT_THAT(why_not({{"telltale_organisation", -1}}), HasSubstr("organisation"));
  EXPECT_THAT(why_not({{"telltale_organisation", 1LL << 32}}), HasSubstr("organisation"));
  EXPECT_THAT(why_not({{"telltale_role", "king"}}), HasSubstr("role"));
  EXPECT_THAT(WhyNot(issuer.Sign(Claims(), {{"crit", {"x"}}, {"x", 1}})), HasSubstr("crit"));
}

TEST_F(TokenVerifierTest, RefusesForgedSignatures) {
  const TokenIssuer issuer(Kind::kRs256, "r");
  const TokenIssuer impostor(Kind::kRs256, "r");
  const TokenIssuer of_other_kind(Kind::kEdDsa, "r");
  Start({&issuer});
  const std::string token = issuer.Sign(Claims());
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  EXPECT_THAT(WhyNot(impostor.Sign(Claims())), HasSubstr("signature"));
  EXPECT_THAT(WhyNot(of_other_kind.Sign(Claims())), HasSubstr("not signed as its key says"));
  // The key that a token brings along is not its issuer's.
  EXPECT_THAT(WhyNot(impostor.Sign(Claims(), {{"jwk", impostor.public_key()}})), HasSubstr("signature"));
  // Claims of another token.
  const std::string other = issuer.Sign(Claims({{"telltale_organisation", 8}}));
  EXPECT_THAT(WhyNot(token.substr(0, first) + other.substr(first, other.rfind('.') - first) + token.substr(second)),
              HasSubstr("signature"));
  // Not signed: {"alg":"none"}, {"alg":"none","kid":"r"}.
  for (const char* const header : {"eyJhbGciOiJub25lIn0", "eyJhbGciOiJub25lIiwia2lkIjoiciJ9"}) {
    for (const std::string& end : {std::string("."), token.substr(second)}) {
      EXPECT_NE(WhyNot(header + token.substr(first, second - first) + end), "") << header;
    }
  }
  for (const std::string& text : {std::string(), std::string("eyJ.."), std::string("..."), token.substr(0, second + 1),
                                  token.substr(0, second), std::string(9'000, 'e')}) {
    EXPECT_NE(WhyNot(text), "") << text;
  }
}

TEST_F(TokenVerifierTest, NoChangedByteOfATokenIsTaken) {
  const TokenIssuer issuer(Kind::kEs256, "e");
  Start({&issuer});
  const std::string token = issuer.Sign(Claims());
  // Without the last letter, some bits of which are of no meaning in base64.
  for (std::size_t i = 0; i + 1 < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(WhyNot(changed), "") << i;
  }
}

TEST_F(TokenVerifierTest, ATokenInMemoryExpires) {
  const TokenIssuer issuer(Kind::kEdDsa, "d");
  Start({&issuer});
  const std::string token = issuer.Sign(Claims());
  EXPECT_EQ(WhyNot(token), "");
  clock_.Advance(std::chrono::seconds{600 + 60});
  EXPECT_THAT(WhyNot(token), HasSubstr("expired"));
}

TEST_F(TokenVerifierTest, NewKeysAreFoundAndOldOnesForgotten) {
  const TokenIssuer old_one(Kind::kEdDsa, "1");
  const TokenIssuer new_one(Kind::kEdDsa, "2");
  Start({&old_one});
  EXPECT_EQ(WhyNot(old_one.Sign(Claims())), "");
  EXPECT_THAT(WhyNot(new_one.Sign(Claims())), HasSubstr("not known"));
  ASSERT_TRUE(WriteWholeFile(keys_, TokenIssuer::KeySet({&new_one})).ok());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!WhyNot(new_one.Sign(Claims())).empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  EXPECT_EQ(WhyNot(new_one.Sign(Claims())), "");
  EXPECT_THAT(WhyNot(old_one.Sign(Claims())), HasSubstr("not known"));
  // A file that is being written does not take the keys away.
  ASSERT_TRUE(WriteWholeFile(keys_, "{").ok());
  std::this_thread::sleep_for(std::chrono::milliseconds{1'500});
  EXPECT_EQ(WhyNot(new_one.Sign(Claims())), "");
}

TEST_F(TokenVerifierTest, KeysOfNoUseAreNotTaken) {
  const TokenIssuer weak(Kind::kRs256Of1024Bits, "w");
  const TokenIssuer good(Kind::kEdDsa, "g");
  const TokenIssuer for_encryption(Kind::kEdDsa, "x");
  json set = json::parse(TokenIssuer::KeySet({&weak, &good}));
  set["keys"].push_back({{"kty", "oct"}, {"kid", "s"}, {"k", "c2VjcmV0"}});
  set["keys"].push_back({{"kty", "of tomorrow"}, {"kid", "t"}});
  set["keys"].push_back(for_encryption.public_key());
  set["keys"].back()["use"] = "enc";
  StartWith(set.dump());
  EXPECT_EQ(WhyNot(good.Sign(Claims())), "");
  EXPECT_THAT(WhyNot(weak.Sign(Claims())), HasSubstr("not known"));
  EXPECT_THAT(WhyNot(for_encryption.Sign(Claims())), HasSubstr("not known"));

  for (const std::string& wrong : {TokenIssuer::KeySet({&weak}), std::string("{}"), std::string("none")}) {
    ASSERT_TRUE(WriteWholeFile(keys_, wrong).ok());
    EXPECT_TRUE(absl::IsInvalidArgument(TokenVerifier::Start(Options(), clock_).status())) << wrong;
  }
}

TEST(TokenOptions, BelongTogether) {
  const TokenOptions good{.issuer = "i", .audience = "a", .keys = "https://id.example/keys"};
  EXPECT_TRUE(Validate(good).ok());
  EXPECT_TRUE(Validate(TokenOptions()).ok());
  for (const auto& change : std::vector<std::function<void(TokenOptions&)>>{
           [](TokenOptions& o) { o.audience = ""; }, [](TokenOptions& o) { o.keys = ""; },
           [](TokenOptions& o) { o.issuer = ""; }, [](TokenOptions& o) { o.keys = "http://id.example/keys"; },
           [](TokenOptions& o) { o.keys = "ftp://id.example/keys"; },
           [](TokenOptions& o) { o.keys = "http://127.0.0.1:80@id.example/keys"; },
           [](TokenOptions& o) { o.keys_interval = std::chrono::seconds{0}; },
           [](TokenOptions& o) { o.clock_skew = std::chrono::hours{1}; }}) {
    TokenOptions options = good;
    change(options);
    EXPECT_FALSE(Validate(options).ok());
  }
}

}  // namespace
}  // namespace telltale
