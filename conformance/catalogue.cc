#include "conformance/catalogue.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "reference/base/strings.h"

namespace kp::conformance {

// Generated from conformance/catalogue/*.yaml (kp_embed).
std::vector<CatalogueFile> EmbeddedCatalogue();

namespace {

constexpr std::array<std::string_view, 3> kBackends = {"sim", "process", "remote"};
constexpr std::array<std::string_view, 2> kProfiles = {"roadmap", "upstream"};

// Reads one file's list of mappings; collects problems instead of stopping at the first.
class FileReader {
 public:
  FileReader(const CatalogueFile& file, std::vector<std::string>& problems)
      : name_(file.first), text_(file.second), problems_(problems) {}

  template <typename ReadItem>
  void ForEach(ReadItem read) {
    YAML::Node root;
    try {
      root = YAML::Load(std::string(text_));
    } catch (const YAML::Exception& error) {
      return Problem(error.what());
    }
    if (root.IsNull()) return;
    if (!root.IsSequence()) return Problem("must be a list");
    for (const YAML::Node& item : root) {
      if (!item.IsMap()) {
        Problem("line " + std::to_string(item.Mark().line + 1) + ": must be a mapping");
        continue;
      }
      item_ = item;
      id_ = item["id"] && item["id"].IsScalar() ? item["id"].Scalar() : "line " + std::to_string(item.Mark().line + 1);
      known_.clear();
      read();
      CheckKeys();
    }
  }

  std::string Text(const char* key, bool required) {
    known_.insert(key);
    const YAML::Node value = item_[key];
    if (!value || value.IsNull()) {
      if (required) Problem(id_ + ": " + key + " is missing");
      return "";
    }
    if (!value.IsScalar() || Trim(value.Scalar()).empty()) {
      Problem(id_ + ": " + key + " must be a text");
      return "";
    }
    return std::string(Trim(value.Scalar()));
  }

  std::vector<std::string> List(const char* key, bool required) {
    known_.insert(key);
    const YAML::Node value = item_[key];
    std::vector<std::string> list;
    if (value && !value.IsSequence()) {
      Problem(id_ + ": " + key + " must be a list");
    } else if (value) {
      for (const YAML::Node& element : value) {
        if (element.IsScalar()) {
          list.push_back(element.Scalar());
        } else {
          Problem(id_ + ": " + key + " must be a list of texts");
        }
      }
    }
    if (required && list.empty()) Problem(id_ + ": " + key + " is missing");
    return list;
  }

  void Problem(const std::string& what) { problems_.push_back(std::string(name_) + ": " + what); }
  const std::string& id() const { return id_; }

 private:
  // An unknown key is most often a misspelt known one, whose rule would then silently not hold.
  void CheckKeys() {
    std::set<std::string> seen;
    for (const auto& pair : item_) {
      const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
      if (!known_.contains(key)) Problem(id_ + ": unknown key '" + key + "'");
      if (!seen.insert(key).second) Problem(id_ + ": key '" + key + "' is there twice");
    }
  }

  std::string_view name_;
  std::string_view text_;
  std::vector<std::string>& problems_;
  YAML::Node item_;
  std::string id_;
  std::set<std::string> known_;
};

bool IsBehaviourId(std::string_view id) {
  const auto parts = Split(id, '/');
  return parts.size() == 3 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part.front() != '-' && part.back() != '-' &&
                  part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
         });
}

Level ReadLevel(FileReader& in) {
  const std::string text = in.Text("level", true);
  for (Level level : {Level::kMust, Level::kShould, Level::kMay}) {
    if (text == LevelName(level)) return level;
  }
  if (!text.empty()) in.Problem(in.id() + ": level '" + text + "' is not must, should or may");
  return Level::kMay;
}

std::vector<Need> ReadNeeds(FileReader& in) {
  std::vector<Need> needs;
  for (const std::string& text : in.List("needs", false)) {
    Result<Need> need = ParseNeed(text);
    if (need.ok()) {
      needs.push_back(std::move(need).value());
    } else {
      in.Problem(in.id() + ": " + need.error().message());
    }
  }
  return needs;
}

Entry ReadEntry(FileReader& in) {
  Entry entry;
  entry.id = in.Text("id", true);
  if (!entry.id.empty() && !IsBehaviourId(entry.id)) in.Problem(entry.id + ": an id is area/topic/fact, in [a-z0-9-]");
  entry.level = ReadLevel(in);
  entry.sources = in.List("source", true);
  entry.since = in.Text("since", false);
  entry.maps_to = in.List("maps_to", false);
  entry.given = in.Text("given", true);
  entry.when = in.Text("when", true);
  entry.then = in.Text("then", true);
  entry.needs = ReadNeeds(in);
  entry.runs_on = in.List("runs_on", true);
  for (const std::string& backend : entry.runs_on) {
    if (std::ranges::find(kBackends, backend) == kBackends.end()) {
      in.Problem(in.id() + ": runs_on '" + backend + "' is not sim, process or remote");
    }
  }
  entry.profile = in.Text("profile", false);
  if (!entry.profile.empty() && std::ranges::find(kProfiles, entry.profile) == kProfiles.end()) {
    in.Problem(in.id() + ": profile '" + entry.profile + "' is not roadmap or upstream");
  }
  entry.untested = in.Text("untested", false);
  return entry;
}

ExpectedFailure ReadExpectedFailure(FileReader& in) {
  ExpectedFailure expected{in.Text("backend", true), in.Text("reason", true), {}};
  if (std::ranges::find(kBackends, expected.backend) == kBackends.end()) {
    in.Problem(in.id() + ": backend '" + expected.backend + "' is not sim, process or remote");
  }
  const std::string day = in.Text("until", true);
  const Result<WallTime> until = ParseRfc3339(day + "T00:00:00Z");
  if (!until.ok()) in.Problem(in.id() + ": until '" + day + "' is not a day such as 2027-01-31");
  if (until.ok()) expected.until = *until;
  return expected;
}

void ReadFile(const CatalogueFile& file, Catalogue& catalogue, std::vector<std::string>& problems) {
  FileReader in(file, problems);
  const std::string_view name = file.first.substr(file.first.rfind('/') + 1);
  if (name == "sources.yaml") {
    in.ForEach([&] {
      Source source{in.Text("id", true), in.Text("words", true), in.Text("page", true)};
      const std::string id = source.id;
      if (!catalogue.sources.emplace(id, std::move(source)).second) in.Problem(id + ": explained twice");
    });
  } else if (name == "retired.yaml") {
    in.ForEach([&] { catalogue.retired[in.Text("id", true)] = in.Text("reason", true); });
  } else if (name == "expected_failures.yaml") {
    in.ForEach([&] { catalogue.expected_failures.emplace(in.Text("id", true), ReadExpectedFailure(in)); });
  } else {
    in.ForEach([&] {
      Entry entry = ReadEntry(in);
      const std::string id = entry.id;
      const std::string area(entry.area());
      if (name != area + ".yaml" && !name.starts_with(area + "-")) {
        in.Problem(id + ": belongs in another file, by its area");
      }
      if (!catalogue.entries.emplace(id, std::move(entry)).second) in.Problem(id + ": the id is there twice");
    });
  }
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kMust: return "must";
    case Level::kShould: return "should";
    case Level::kMay: return "may";
  }
  UNREACHABLE();
}

std::string Need::ToString() const { return at_least == 1 ? capability : capability + ">=" + std::to_string(at_least); }

Result<Need> ParseNeed(std::string_view text) {
  Need need;
  const size_t operator_at = text.find(">=");
  need.capability = text.substr(0, operator_at);
  const bool named =
      !need.capability.empty() && need.capability.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos;
  std::optional<int64_t> number = 1;
  if (operator_at != std::string_view::npos) number = ParseInt(text.substr(operator_at + 2));
  if (!named || !number || *number < 1) {
    return Status(Code::kInvalidArgument, "need '" + std::string(text) + "' is not NAME or NAME>=NUMBER");
  }
  need.at_least = *number;
  return need;
}

Result<Catalogue> ParseCatalogue(const std::vector<CatalogueFile>& files) {
  Catalogue catalogue;
  std::vector<std::string> problems;
  for (const CatalogueFile& file : files) ReadFile(file, catalogue, problems);
  for (const auto& [id, entry] : catalogue.entries) {
    for (const std::string& source : entry.sources) {
      if (!catalogue.sources.contains(source)) problems.push_back(id + ": sources.yaml does not explain " + source);
    }
    if (catalogue.retired.contains(id)) problems.push_back(id + ": the id is retired");
  }
  for (const auto& [id, expected] : catalogue.expected_failures) {
    if (!catalogue.entries.contains(id)) problems.push_back(id + ": expected to fail, and not in the catalogue");
  }
  if (!problems.empty()) return Status(Code::kInvalidArgument, Join(problems, "\n"));
  return catalogue;
}

const Catalogue& BuiltinCatalogue() {
  static const Catalogue catalogue = [] {
    Result<Catalogue> parsed = ParseCatalogue(EmbeddedCatalogue());
    CHECK(parsed.ok()) << parsed.error().message();
    return std::move(parsed).value();
  }();
  return catalogue;
}

}  // namespace kp::conformance
