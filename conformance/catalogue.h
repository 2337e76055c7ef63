// The catalogue: what a Kubernetes is documented to do, one entry for each behaviour that a user
// can see. Kept as YAML beside this file (catalogue/<area>.yaml, or <area>-<part>.yaml) and embedded in the binary.
//
//   - id: apps/replicaset/adopts-matching-orphan   # area/topic/fact, stable for ever
//     level: must                                  # must | should | may
//     source: [UP:RS-04, RM-1.2-17]                # explained in catalogue/sources.yaml
//     since: "1.13"                                # first Kubernetes version, optional
//     maps_to: ["[sig-apps] ReplicaSet should adopt matching pods on creation"]   # optional
//     given: a running Pod without controller whose labels match
//     when: a ReplicaSet selecting it is created
//     then: the ReplicaSet becomes its controller
//     needs: [nodes>=1]                            # capabilities of the cluster, optional
//     runs_on: [sim, process, remote]
//     profile: roadmap                             # optional: only under this profile
//     untested: why there is no test yet           # optional
//
// catalogue/sources.yaml says in our own words what each cited id stands for (`id`, `words`,
// `page`); catalogue/retired.yaml lists ids that must not be used again (`id`, `reason`).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/status.h"
#include "reference/base/time.h"

namespace kp::conformance {

enum class Level { kMust, kShould, kMay };
std::string_view LevelName(Level level);

// "nodes>=3" or "fast-time": what a cluster must offer, else the behaviour is not applicable.
struct Need {
  std::string capability;
  int64_t at_least = 1;

  std::string ToString() const;
  bool operator==(const Need&) const = default;
};
Result<Need> ParseNeed(std::string_view text);

struct Entry {
  std::string id;
  Level level = Level::kMust;
  std::vector<std::string> sources;
  std::string since;
  std::vector<std::string> maps_to;
  std::string given;
  std::string when;
  std::string then;
  std::vector<Need> needs;
  std::vector<std::string> runs_on;
  std::string profile;
  std::string untested;

  // "apps" of "apps/replicaset/adopts-matching-orphan".
  std::string_view area() const { return std::string_view(id).substr(0, id.find('/')); }
};

// A failure that is known and not mended yet. It counts as one again from a day on.
struct ExpectedFailure {
  std::string backend;
  std::string reason;
  WallTime until{};
};

struct Source {
  std::string id;
  std::string words;
  std::string page;  // a URL or a field path
};

struct Catalogue {
  std::map<std::string, Entry, std::less<>> entries;
  std::map<std::string, Source, std::less<>> sources;
  std::map<std::string, std::string, std::less<>> retired;                     // id -> reason
  std::multimap<std::string, ExpectedFailure, std::less<>> expected_failures;  // by id
};

// (file name, text). The part of a name after the last '/' tells what a file holds.
using CatalogueFile = std::pair<std::string_view, std::string_view>;

// The error lists everything that is wrong, one problem a line, each with its file.
Result<Catalogue> ParseCatalogue(const std::vector<CatalogueFile>& files);

// The one in the binary. Its validity is a test of this folder's, so here it is a CHECK.
const Catalogue& BuiltinCatalogue();

}  // namespace kp::conformance
