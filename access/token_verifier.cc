#include "access/token_verifier.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <thread>
#include <unordered_map>

#include <curl/curl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
extern "C" {
#include <rhonabwy.h>
}

#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/secret.h"

namespace telltale {
namespace {

constexpr std::size_t kMaxKeysBytes = 1 << 20;
constexpr long kFetchTimeoutS = 10;
// How soon the keys may be read again because of a token of an unknown key, which anybody can make up.
constexpr auto kSoonest = std::chrono::seconds{5};

constexpr std::array<std::pair<std::string_view, Scope>, 8> kScopes = {{{"telltale.vehicle", Scope::kVehicle},
                                                                        {"telltale.telemetry", Scope::kTelemetry},
                                                                        {"telltale.position", Scope::kPosition},
                                                                        {"telltale.driver", Scope::kDriver},
                                                                        {"telltale.faults", Scope::kFaults},
                                                                        {"telltale.fuel", Scope::kFuel},
                                                                        {"telltale.reports", Scope::kReports},
                                                                        {"telltale.commands", Scope::kCommands}}};
constexpr std::array<std::pair<std::string_view, Role>, 4> kRoles = {
    {{"member", Role::kMember}, {"sender", Role::kSender}, {"gateway", Role::kGateway}, {"operator", Role::kOperator}}};

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Jwk = std::unique_ptr<jwk_t, Freed<&r_jwk_free>>;
using Jwks = std::unique_ptr<jwks_t, Freed<&r_jwks_free>>;
using Jwt = std::unique_ptr<jwt_t, Freed<&r_jwt_free>>;
using Text = std::unique_ptr<char, Freed<&r_free>>;

struct Key {
  std::shared_ptr<jwk_t> jwk;
  jwa_alg alg = R_JWA_ALG_UNKNOWN;
};
using Keys = std::map<std::string, Key>;  // by `kid`; "" without one

bool IsUrl(const std::string& keys) { return keys.find("://") != std::string::npos; }

bool IsSafeUrl(const std::string& keys) {
  // What stands before an @ is no host, however much it looks like this machine.
  if (keys.find('@') != std::string::npos) return false;
  return keys.starts_with("https://") || keys.starts_with("http://127.0.0.1:") || keys.starts_with("http://localhost:");
}

std::size_t Append(char* bytes, std::size_t size, std::size_t count, void* out) {
  auto& text = *static_cast<std::string*>(out);
  if (text.size() + size * count > kMaxKeysBytes) return 0;  // ends the transfer
  text.append(bytes, size * count);
  return size * count;
}

StatusOr<std::string> Fetch(const std::string& url) {
  const std::unique_ptr<CURL, Freed<&curl_easy_cleanup>> curl(curl_easy_init());
  if (curl == nullptr) return absl::InternalError("no curl");
  std::string body;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, url.starts_with("https://") ? "https" : "http");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kFetchTimeoutS);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  if (const CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK) {
    return absl::UnavailableError(fmt::format("{}: {}", url, curl_easy_strerror(code)));
  }
  return body;
}

// What the key signs by; R_JWA_ALG_UNKNOWN: it is of no use here.
jwa_alg AlgorithmOf(jwk_t& jwk) {
  unsigned int bits = 0;
  const int type = r_jwk_key_type(&jwk, &bits, R_FLAG_IGNORE_REMOTE);
  if ((type & R_KEY_TYPE_PUBLIC) == 0) return R_JWA_ALG_UNKNOWN;
  jwa_alg alg = R_JWA_ALG_UNKNOWN;
  if ((type & R_KEY_TYPE_RSA) != 0 && bits >= TokenVerifier::kMinRsaBits) alg = R_JWA_ALG_RS256;
  if ((type & R_KEY_TYPE_EC) != 0 && bits == 256) alg = R_JWA_ALG_ES256;
  if ((type & R_KEY_TYPE_EDDSA) != 0 && bits == 256) alg = R_JWA_ALG_EDDSA;
  const char* const use = r_jwk_get_property_str(&jwk, "use");
  if (use != nullptr && std::string_view(use) != "sig") return R_JWA_ALG_UNKNOWN;
  const char* const declared = r_jwk_get_property_str(&jwk, "alg");
  return declared == nullptr || r_str_to_jwa_alg(declared) == alg ? alg : R_JWA_ALG_UNKNOWN;
}

StatusOr<Keys> ParseKeys(const std::string& text) {
  // The library's import goes on behind a key that it does not understand, as RFC 7517, section 5, wants.
  nlohmann::json set = nlohmann::json::parse(text, nullptr, false);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array()) {
    return absl::InvalidArgumentError("this is no JWKS: {\"keys\": [...]}");
  }
  Keys keys;
  for (const nlohmann::json& entry : set["keys"]) {
    jwk_t* raw = nullptr;
    if (!entry.is_object() || r_jwk_init(&raw) != RHN_OK) continue;
    Jwk jwk(raw);
    if (r_jwk_import_from_json_str(jwk.get(), entry.dump().c_str()) != RHN_OK) continue;
    const jwa_alg alg = AlgorithmOf(*jwk);
    if (alg == R_JWA_ALG_UNKNOWN) continue;
    const char* const kid = r_jwk_get_property_str(jwk.get(), "kid");
    keys[kid != nullptr ? kid : ""] = {.jwk = std::shared_ptr<jwk_t>(jwk.release(), &r_jwk_free), .alg = alg};
  }
  if (keys.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("no key of use: public ones for RS256 ({} bits or more), ES256 or EdDSA are wanted",
                    TokenVerifier::kMinRsaBits));
  }
  return keys;
}

Status Refused(std::string_view why) {
  return absl::UnauthenticatedError(fmt::format("the token is not taken: {}", why));
}

std::optional<std::int64_t> SecondsOf(const nlohmann::json& claims, const char* name) {
  const auto at = claims.find(name);
  if (at == claims.end() || !at->is_number()) return std::nullopt;
  const auto seconds = at->get<double>();  // NumericDate may have a fraction
  return seconds >= 0 && seconds < 1e12 ? std::optional(static_cast<std::int64_t>(seconds)) : std::nullopt;
}

bool HasAudience(const nlohmann::json& claims, const std::string& audience) {
  const auto at = claims.find("aud");
  if (at == claims.end()) return false;
  if (at->is_string()) return *at == audience;
  return at->is_array() && std::any_of(at->begin(), at->end(), [&](const auto& one) { return one == audience; });
}

ScopeSet ScopesOf(const nlohmann::json& claims) {
  const auto at = claims.find("scope");
  if (at == claims.end() || !at->is_string()) return ScopeSet::All();
  const auto text = at->get<std::string>();
  ScopeSet scopes;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t space = std::min(text.find(' ', from), text.size());
    const auto* const known = std::ranges::find(kScopes, std::string_view(text).substr(from, space - from),
                                                &std::pair<std::string_view, Scope>::first);
    if (known != kScopes.end()) scopes.Add(known->second);
    from = space + 1;
  }
  return scopes.empty() ? ScopeSet::All() : scopes;
}

StatusOr<Caller> CallerOf(const nlohmann::json& claims, const TokenOptions& options, std::int64_t now_s) {
  if (!claims.is_object()) return Refused("its claims are no object");
  const std::int64_t skew_s = options.clock_skew.count();
  if (claims.value("iss", nlohmann::json()) != options.issuer) return Refused("it is of another issuer");
  if (!HasAudience(claims, options.audience)) return Refused("it is not for this audience");
  const auto expires_s = SecondsOf(claims, "exp");
  if (!expires_s) return Refused("it does not say until when it holds (exp)");
  if (now_s >= *expires_s + skew_s) return Refused("it has expired");
  for (const char* const name : {"nbf", "iat"}) {
    if (!claims.contains(name)) continue;
    const auto from_s = SecondsOf(claims, name);
    if (!from_s || now_s + skew_s < *from_s) return Refused("it does not hold yet");
  }
  const auto subject = claims.find("sub");
  if (subject == claims.end() || !subject->is_string() || subject->get_ref<const std::string&>().empty() ||
      subject->get_ref<const std::string&>().size() > TokenVerifier::kMaxSubjectBytes) {
    return Refused("it does not say for whom it is (sub)");
  }
  const auto organisation = claims.find("telltale_organisation");
  if (organisation == claims.end() || !organisation->is_number_unsigned() || *organisation > 0xFFFF'FFFFU) {
    return Refused("it does not say for which organisation it is (telltale_organisation)");
  }
  const auto role_name = claims.value("telltale_role", nlohmann::json("member"));
  const auto* const role = std::ranges::find_if(kRoles, [&](const auto& known) { return role_name == known.first; });
  if (role == kRoles.end()) return Refused("its telltale_role is not known");
  return Caller{.key_id = "token:" + subject->get<std::string>(),
                .organisation = organisation->get<OrganisationId>(),
                .role = role->second,
                .scopes = ScopesOf(claims),
                .expires_s = *expires_s + skew_s};
}

}  // namespace

struct TokenVerifier::Parts {
  Parts(TokenOptions its_options, const Clock& its_clock) : options(std::move(its_options)), clock(its_clock) {}
  ~Parts() {
    {
      MutexLock lock(mutex);
      stopping = true;
      changed.NotifyAll();
    }
    if (thread.joinable()) thread.join();
  }

  Status ReadKeys();
  void Run();
  std::optional<Key> FindKey(const std::string& kid);
  StatusOr<Caller> Check(const std::string& token);

  const TokenOptions options;
  const Clock& clock;

  Mutex mutex;
  CondVar changed;
  Keys keys ABSL_GUARDED_BY(mutex);
  std::string keys_text ABSL_GUARDED_BY(mutex);
  std::uint64_t generation ABSL_GUARDED_BY(mutex) = 0;  // of the keys
  std::map<SecretHash, Caller> cached ABSL_GUARDED_BY(mutex);
  bool wanted ABSL_GUARDED_BY(mutex) = false;  // the keys, soon
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::thread thread;
};

Status TokenVerifier::Parts::ReadKeys() {
  ASSIGN_OR_RETURN(std::string text, IsUrl(options.keys) ? Fetch(options.keys) : ReadWholeFile(options.keys));
  {
    MutexLock lock(mutex);
    if (text == keys_text) return OkStatus();
  }
  auto parsed = ParseKeys(text);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", options.keys, MessageOf(parsed.status())));
  }
  spdlog::info("token keys read keys={}", parsed->size());
  MutexLock lock(mutex);
  keys = *std::move(parsed);
  keys_text = std::move(text);
  ++generation;
  cached.clear();  // tokens of keys that are gone do not hold any more
  return OkStatus();
}

void TokenVerifier::Parts::Run() {
  auto read_at = std::chrono::steady_clock::now();
  MutexLock lock(mutex);
  while (!stopping) {
    const auto due =
        read_at + (wanted ? std::min<std::chrono::seconds>(kSoonest, options.keys_interval) : options.keys_interval);
    if (std::chrono::steady_clock::now() < due) {
      changed.WaitUntil(mutex, due);
      continue;
    }
    wanted = false;
    mutex.Unlock();
    if (const Status status = ReadKeys(); !status.ok()) {
      spdlog::warn("token keys cannot be read, those read last hold: {}", MessageOf(status));
    }
    read_at = std::chrono::steady_clock::now();
    mutex.Lock();
  }
}

std::optional<Key> TokenVerifier::Parts::FindKey(const std::string& kid) {
  MutexLock lock(mutex);
  if (const auto at = keys.find(kid); at != keys.end()) return at->second;
  wanted = true;
  changed.NotifyAll();
  return std::nullopt;
}

StatusOr<Caller> TokenVerifier::Parts::Check(const std::string& token) {
  jwt_t* raw = nullptr;
  if (r_jwt_init(&raw) != RHN_OK) return absl::InternalError("no memory for a token");
  const Jwt jwt(raw);
  // Neither unsigned tokens, nor keys that the token brings or refers to.
  if (r_jwt_advanced_parsen(jwt.get(), token.data(), token.size(), R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) != RHN_OK ||
      r_jwt_get_type(jwt.get()) != R_JWT_TYPE_SIGN) {
    return Refused("it is no signed JWT");
  }
  const Text header(r_jwt_get_full_header_str(jwt.get()));
  if (header == nullptr || nlohmann::json::parse(header.get(), nullptr, false).contains("crit")) {
    return Refused("it wants an extension (crit)");
  }
  const char* const kid = r_jwt_get_header_str_value(jwt.get(), "kid");
  const auto key = FindKey(kid != nullptr ? kid : "");
  if (!key) return Refused("its key is not known, or not yet: try again in some seconds");
  if (r_jwt_get_sign_alg(jwt.get()) != key->alg) return Refused("it is not signed as its key says");
  // The library takes the key as one to change, though it only reads it: each check has its own.
  const Jwk own(r_jwk_copy(key->jwk.get()));
  if (own == nullptr || r_jwt_verify_signature(jwt.get(), own.get(), R_FLAG_IGNORE_REMOTE) != RHN_OK) {
    return Refused("its signature is wrong");
  }
  const Text claims(r_jwt_get_full_claims_str(jwt.get()));
  if (claims == nullptr) return Refused("it has no claims");
  return CallerOf(nlohmann::json::parse(claims.get(), nullptr, false), options, clock.NowMs() / 1'000);
}

Status Validate(const TokenOptions& options) {
  if (!options.enabled()) {
    if (options.audience.empty() && options.keys.empty()) return OkStatus();
    return absl::InvalidArgumentError("access.token_issuer is needed with access.token_audience and access.token_keys");
  }
  if (options.audience.empty() || options.keys.empty()) {
    return absl::InvalidArgumentError(
        "with access.token_issuer, access.token_audience and access.token_keys are needed");
  }
  if (IsUrl(options.keys) && !IsSafeUrl(options.keys)) {
    return absl::InvalidArgumentError(
        fmt::format("access.token_keys: '{}' is neither a file nor a URL of https", options.keys));
  }
  if (options.keys_interval.count() < 1) {
    return absl::InvalidArgumentError("access.token_keys_interval_s must be at least 1");
  }
  if (options.clock_skew > std::chrono::minutes{10}) {
    return absl::InvalidArgumentError("access.token_clock_skew_s must be at most 600");
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Start(const TokenOptions& options, const Clock& clock) {
  RETURN_IF_ERROR(Validate(options));
  static const bool is_ready = r_global_init() == RHN_OK && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!is_ready) return absl::InternalError("the library for tokens cannot be used");
  auto parts = std::make_unique<Parts>(options, clock);
  if (const Status status = parts->ReadKeys(); !status.ok()) {
    if (!IsUrl(options.keys)) {
      return absl::InvalidArgumentError(fmt::format("access.token_keys: {}", MessageOf(status)));
    }
    spdlog::warn("token keys cannot be read, no token is taken until they can: {}", MessageOf(status));
    MutexLock lock(parts->mutex);
    parts->wanted = true;
  }
  parts->thread = std::thread([p = parts.get()] { p->Run(); });
  return std::unique_ptr<TokenVerifier>(new TokenVerifier(std::move(parts)));
}

TokenVerifier::TokenVerifier(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TokenVerifier::~TokenVerifier() = default;

bool TokenVerifier::IsToken(std::string_view secret) {
  return secret.starts_with("eyJ") && std::ranges::count(secret, '.') == 2;  // eyJ: a JSON object's begin in base64
}

StatusOr<Caller> TokenVerifier::Verify(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return Refused("it is too long");
  const SecretHash hash = HashOf(token);
  std::uint64_t generation = 0;
  {
    MutexLock lock(parts_->mutex);
    if (const auto at = parts_->cached.find(hash); at != parts_->cached.end()) {
      if (parts_->clock.NowMs() / 1'000 < at->second.expires_s) return at->second;
      parts_->cached.erase(at);
      return Refused("it has expired");
    }
    generation = parts_->generation;
  }
  ASSIGN_OR_RETURN(const Caller caller, parts_->Check(std::string(token)));
  MutexLock lock(parts_->mutex);
  if (parts_->generation == generation && parts_->options.cached_max > 0) {
    if (parts_->cached.size() >= parts_->options.cached_max) parts_->cached.clear();
    parts_->cached[hash] = caller;
  }
  return caller;
}

}  // namespace telltale
