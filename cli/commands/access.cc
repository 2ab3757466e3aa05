#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "telltale/v1/access.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/commands/enum_words.h"
#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

constexpr std::string_view kScopePrefix = "SCOPE_";

const std::map<std::string, v1::OrganisationKind>& Kinds() {
  static const auto words = WordsOfEnum<v1::OrganisationKind>(*v1::OrganisationKind_descriptor(), "ORGANISATION_KIND_");
  return words;
}
const std::map<std::string, v1::Role>& Roles() {
  static const auto words = WordsOfEnum<v1::Role>(*v1::Role_descriptor(), "ROLE_");
  return words;
}
const std::map<std::string, v1::Scope>& Scopes() {
  static const auto words = WordsOfEnum<v1::Scope>(*v1::Scope_descriptor(), kScopePrefix);
  return words;
}
const std::map<std::string, v1::Purpose>& Purposes() {
  static const auto words = WordsOfEnum<v1::Purpose>(*v1::Purpose_descriptor(), "PURPOSE_");
  return words;
}

std::string ScopesText(const google::protobuf::RepeatedField<int>& scopes) {
  std::vector<std::string> words;
  for (const int scope : scopes) words.push_back(WordOf(Scopes(), scope));
  return words.size() == Scopes().size() ? "all" : fmt::format("{}", fmt::join(words, ", "));
}

template <typename Enum>
void AddWord(CLI::App& app, const std::string& name, std::string& word, const std::map<std::string, Enum>& words,
             const std::string& meaning) {
  app.add_option(name, word, meaning + ": " + ListOf(words))
      ->required()
      ->check(CLI::IsMember(words).description(""))
      ->type_name("WORD");
}

void AddScopes(CLI::App& app, std::vector<std::string>& scopes, const std::string& meaning) {
  app.add_option("--scope", scopes, meaning + ": " + ListOf(Scopes()))
      ->check(CLI::IsMember(Scopes()).description(""))
      ->type_name("SCOPE...");
}

ExitCode AddOrganisation(const std::string& kind, const std::string& name, Session& session) {
  v1::AddOrganisationRequest request;
  request.set_kind(Kinds().at(kind));
  request.set_name(name);
  v1::Organisation organisation;
  if (const auto status = session.client().Call(&v1::AccessService::Stub::AddOrganisation, request, &organisation);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(organisation));
  } else {
    session.PrintLine(fmt::format("Organisation {}: {}, {}", organisation.id(), organisation.name(), kind));
  }
  return ExitCode::kOk;
}

ExitCode ListOrganisations(Session& session) {
  v1::ListOrganisationsResponse response;
  if (const auto status =
          session.client().Call(&v1::AccessService::Stub::ListOrganisations, v1::ListOrganisationsRequest(), &response);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  Table table({{"id", "", Align::kRight}, {"kind"}, {"name"}});
  for (const v1::Organisation& organisation : response.organisations()) {
    table.AddRow({std::to_string(organisation.id()), WordOf(Kinds(), organisation.kind()), organisation.name()});
  }
  session.PrintTable(table, "There is no organisation yet; add one with: telltale access add-organisation KIND NAME");
  return ExitCode::kOk;
}

struct KeyArguments {
  std::uint32_t organisation = 0;
  std::string role;
  std::string name;
  std::vector<std::string> scopes;
  std::string expires;
};

ExitCode AddKey(const KeyArguments& arguments, Session& session) {
  v1::AddKeyRequest request;
  v1::Key& key = *request.mutable_key();
  key.set_organisation_id(arguments.organisation);
  key.set_role(Roles().at(arguments.role));
  key.set_name(arguments.name);
  for (const std::string& scope : arguments.scopes) key.add_scopes(Scopes().at(scope));
  if (!arguments.expires.empty()) *key.mutable_expire_time() = TimestampOf(arguments.expires);
  v1::AddKeyResponse response;
  if (const auto status = session.client().Call(&v1::AccessService::Stub::AddKey, request, &response); !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  // The secret alone on standard output, so that it can be put into a file.
  session.terminal().err << fmt::format("Key {}; its secret, which is shown this once:\n", response.key().id());
  session.PrintLine(response.secret());
  return ExitCode::kOk;
}

ExitCode ListKeys(Session& session) {
  v1::ListKeysResponse response;
  if (const auto status = session.client().Call(&v1::AccessService::Stub::ListKeys, v1::ListKeysRequest(), &response);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  Table table(
      {{"id"}, {"organisation", "", Align::kRight}, {"role"}, {"scopes"}, {"expires", "UTC"}, {"state"}, {"name"}});
  for (const v1::Key& key : response.keys()) {
    table.AddRow({key.id(), std::to_string(key.organisation_id()), WordOf(Roles(), key.role()),
                  ScopesText(key.scopes()), key.has_expire_time() ? TimeText(key.expire_time()) : "never",
                  key.revoked() ? "revoked" : "holds", key.name()});
  }
  session.PrintTable(table, "There is no key yet; make one with: telltale access add-key ORGANISATION ROLE NAME");
  return ExitCode::kOk;
}

ExitCode RevokeKey(const std::string& id, Session& session) {
  v1::RevokeKeyRequest request;
  request.set_id(id);
  v1::RevokeKeyResponse response;
  if (const auto status = session.client().Call(&v1::AccessService::Stub::RevokeKey, request, &response);
      !status.ok()) {
    return session.Fail(status);
  }
  session.PrintLine(fmt::format("Key {} holds no longer.", id));
  return ExitCode::kOk;
}

struct GrantArguments {
  std::uint32_t organisation = 0;
  std::string purpose;
  std::string vin;
  std::uint32_t group = 0;
  bool all = false;
  std::vector<std::string> scopes;
  std::string from;
  std::string to;
};

ExitCode AddGrant(const GrantArguments& arguments, Session& session) {
  v1::AddGrantsRequest request;
  v1::Grant& grant = *request.add_grants();
  grant.set_organisation_id(arguments.organisation);
  grant.set_purpose(Purposes().at(arguments.purpose));
  if (!arguments.vin.empty()) grant.set_vin(arguments.vin);
  if (arguments.group != 0) grant.set_group_id(arguments.group);
  if (arguments.all) grant.set_all_vehicles(true);
  for (const std::string& scope : arguments.scopes) grant.add_scopes(Scopes().at(scope));
  if (!arguments.from.empty()) *grant.mutable_start_time() = TimestampOf(arguments.from);
  if (!arguments.to.empty()) *grant.mutable_end_time() = TimestampOf(arguments.to);
  v1::AddGrantsResponse response;
  if (const auto status = session.client().Call(&v1::AccessService::Stub::AddGrants, request, &response);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
  } else {
    session.PrintLine(fmt::format("Granted: {}", response.names(0)));
  }
  return ExitCode::kOk;
}

ExitCode EndGrant(const std::string& name, Session& session) {
  v1::EndGrantRequest request;
  request.set_name(name);
  v1::EndGrantResponse response;
  if (const auto status = session.client().Call(&v1::AccessService::Stub::EndGrant, request, &response); !status.ok()) {
    return session.Fail(status);
  }
  session.PrintLine(fmt::format("Grant {} has ended.", name));
  return ExitCode::kOk;
}

std::string OfText(const v1::Grant& grant) {
  switch (grant.of_case()) {
    case v1::Grant::kGroupId:
      return fmt::format("group {}", grant.group_id());
    case v1::Grant::kAllVehicles:
      return "all vehicles";
    default:
      return "the vehicle";
  }
}

ExitCode ListGrants(const std::string& vin, Session& session) {
  v1::ListGrantsRequest request;
  request.set_vin(vin);
  v1::ListGrantsResponse response;
  if (const auto status = session.client().Call(&v1::AccessService::Stub::ListGrants, request, &response);
      !status.ok()) {
    return session.Fail(status, vin);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  Table table(
      {{"name"}, {"organisation", "", Align::kRight}, {"of"}, {"purpose"}, {"scopes"}, {"from", "UTC"}, {"to", "UTC"}});
  for (const v1::Grant& grant : response.grants()) {
    table.AddRow({grant.name(), std::to_string(grant.organisation_id()), OfText(grant),
                  WordOf(Purposes(), grant.purpose()), ScopesText(grant.scopes()),
                  grant.has_start_time() ? TimeText(grant.start_time()) : "ever",
                  grant.has_end_time() ? TimeText(grant.end_time()) : "open"});
  }
  session.PrintTable(table, "Nobody is granted anything of this vehicle.");
  return ExitCode::kOk;
}

struct GroupArguments {
  std::uint32_t group = 0;
  std::vector<std::string> vins;
  bool remove = false;
};

ExitCode ChangeGroup(const GroupArguments& arguments, Session& session) {
  v1::ChangeGroupRequest request;
  request.set_group_id(arguments.group);
  for (const std::string& vin : arguments.vins) request.add_vins(vin);
  request.set_remove(arguments.remove);
  v1::ChangeGroupResponse response;
  if (const auto status = session.client().Call(&v1::AccessService::Stub::ChangeGroup, request, &response);
      !status.ok()) {
    return session.Fail(status);
  }
  session.PrintLine(fmt::format("{} vehicles are {} group {}.", arguments.vins.size(),
                                arguments.remove ? "no longer in" : "in", arguments.group));
  return ExitCode::kOk;
}

ExitCode ListAccesses(const std::string& vin, Session& session) {
  v1::ListAccessesRequest request;
  request.set_vin(vin);
  request.set_page_size(1'000);
  std::vector<v1::Access> accesses;
  if (const auto status = session.client().CollectPages(&v1::AccessService::Stub::ListAccesses, request,
                                                        &v1::ListAccessesResponse::accesses, &accesses);
      !status.ok()) {
    return session.Fail(status, vin);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(accesses));
    return ExitCode::kOk;
  }
  Table table({{"number", "", Align::kRight},
               {"time", "UTC"},
               {"organisation", "", Align::kRight},
               {"key"},
               {"call"},
               {"outcome"},
               {"from"}});
  for (const v1::Access& access : accesses) {
    table.AddRow({std::to_string(access.number()), TimeText(access.time()), std::to_string(access.organisation_id()),
                  access.key_id(), access.rpc(), WordsOf(v1::AuditOutcome_Name(access.outcome()), "AUDIT_OUTCOME_"),
                  access.peer()});
  }
  session.PrintTable(table, "Nobody has asked for this vehicle since keys are needed.");
  return ExitCode::kOk;
}

ExitCode VerifyAudit(Session& session) {
  v1::VerifyAuditResponse response;
  if (const auto status =
          session.client().Call(&v1::AccessService::Stub::VerifyAudit, v1::VerifyAuditRequest(), &response);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  if (response.first_number() == 0) {
    session.PrintLine("The audit has no entries.");
    return ExitCode::kOk;
  }
  std::string hash;
  for (const char byte : response.last_sha256()) hash += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  session.PrintLine(fmt::format("Entries {} to {} are as they were written; the last one's SHA-256: {}",
                                response.first_number(), response.last_number(), hash));
  return ExitCode::kOk;
}

void AddOrganisationCommands(CLI::App& access, Command& chosen) {
  CLI::App* add = access.add_subcommand("add-organisation", "Add a dealer, service shop, owner, ...");
  auto kind = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  AddWord(*add, "kind", *kind, Kinds(), "What it is");
  add->add_option("name", *name, "What it is called")->required()->check(Utf8Argument())->type_name("NAME");
  add->callback([&chosen, kind, name] {
    chosen = [kind, name](Session& session) { return AddOrganisation(*kind, *name, session); };
  });
  access.add_subcommand("organisations", "List all organisations")->callback([&chosen] { chosen = ListOrganisations; });
}

void AddKeyCommands(CLI::App& access, Command& chosen) {
  CLI::App* add = access.add_subcommand("add-key", "Make a key by which somebody acts for an organisation");
  auto key = std::make_shared<KeyArguments>();
  add->add_option("organisation", key->organisation, "Its id")->required()->type_name("ID");
  AddWord(*add, "role", key->role, Roles(), "What it may do");
  add->add_option("name", key->name, "What the key is for")->required()->check(Utf8Argument())->type_name("NAME");
  AddScopes(*add, key->scopes, "Of what the grants give, only these (default: all)");
  add->add_option("--expires", key->expires, "When it ends")->check(TimeArgument())->type_name("TIME");
  add->callback([&chosen, key] { chosen = [key](Session& session) { return AddKey(*key, session); }; });
  access.add_subcommand("keys", "List all keys, without secrets")->callback([&chosen] { chosen = ListKeys; });
  CLI::App* revoke = access.add_subcommand("revoke-key", "From now on the key holds for no call");
  auto id = std::make_shared<std::string>();
  revoke->add_option("key", *id, "Its id")->required()->type_name("ID");
  revoke->callback([&chosen, id] { chosen = [id](Session& session) { return RevokeKey(*id, session); }; });
}

void AddGrantCommands(CLI::App& access, Command& chosen) {
  CLI::App* grant = access.add_subcommand("grant", "Let an organisation see vehicles");
  auto arguments = std::make_shared<GrantArguments>();
  grant->add_option("organisation", arguments->organisation, "Its id")->required()->type_name("ID");
  AddWord(*grant, "purpose", arguments->purpose, Purposes(), "Why");
  CLI::Option* vin = grant->add_option("--vin", arguments->vin, "Of one vehicle");
  vin->transform(VinArgument())->type_name("VIN");
  CLI::Option* group = grant->add_option("--group", arguments->group, "Of a group's vehicles");
  group->type_name("ID")->excludes(vin);
  grant->add_flag("--all", arguments->all, "Of all vehicles; only the maker")->excludes(vin)->excludes(group);
  AddScopes(*grant, arguments->scopes, "What it may see or do");
  grant->get_option("--scope")->required();
  grant->add_option("--from", arguments->from, "From when, and of when")->check(TimeArgument())->type_name("TIME");
  grant->add_option("--to", arguments->to, "Until when")->check(TimeArgument())->type_name("TIME");
  grant->callback(
      [&chosen, arguments] { chosen = [arguments](Session& session) { return AddGrant(*arguments, session); }; });

  CLI::App* end = access.add_subcommand("end-grant", "End a grant now");
  auto name = std::make_shared<std::string>();
  end->add_option("grant", *name, "Its name")->required()->type_name("NAME");
  end->callback([&chosen, name] { chosen = [name](Session& session) { return EndGrant(*name, session); }; });

  CLI::App* grants = access.add_subcommand("grants", "Who may see a vehicle, and might");
  auto of = std::make_shared<std::string>();
  AddVin(*grants, *of);
  grants->callback([&chosen, of] { chosen = [of](Session& session) { return ListGrants(*of, session); }; });

  CLI::App* change = access.add_subcommand("group", "Put vehicles into a group: a fleet, a model series");
  auto members = std::make_shared<GroupArguments>();
  change->add_option("group", members->group, "Its number, from 1")->required()->type_name("ID");
  change->add_option("vins", members->vins, "The vehicles")->required()->transform(VinArgument())->type_name("VIN...");
  change->add_flag("--remove", members->remove, "Take them out instead");
  change->callback(
      [&chosen, members] { chosen = [members](Session& session) { return ChangeGroup(*members, session); }; });
}

}  // namespace

void AddAccessCommands(CLI::App& program, Command& chosen) {
  CLI::App* audit = program.add_subcommand("audit", "Who asked for what");
  audit->require_subcommand(1);
  CLI::App* list = audit->add_subcommand("list", "Who asked for a vehicle, in order of time");
  auto vin = std::make_shared<std::string>();
  AddVin(*list, *vin);
  list->callback([&chosen, vin] { chosen = [vin](Session& session) { return ListAccesses(*vin, session); }; });
  audit->add_subcommand("verify", "Check that no entry was changed, taken out or put in")->callback([&chosen] {
    chosen = VerifyAudit;
  });

  CLI::App* access = program.add_subcommand("access", "Who may see what: organisations, keys, grants");
  access->require_subcommand(1);
  AddOrganisationCommands(*access, chosen);
  AddKeyCommands(*access, chosen);
  AddGrantCommands(*access, chosen);
}

}  // namespace telltale::cli
