// Which behaviours a run checks. Pure: from the catalogue and the command line's choice to a list.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/catalogue.h"
#include "reference/base/status.h"

namespace kp::conformance {

// The index-th of count parts of about the same size, counted from 1.
struct Shard {
  int64_t index = 1;
  int64_t count = 1;
};
// "2/3".
Result<Shard> ParseShard(std::string_view text);

// Each choice narrows; an empty one does not.
struct Selection {
  std::vector<std::string> focus;  // patterns, one must match; '*' stands for any text, and a
  std::vector<std::string> skip;   // pattern may match anywhere in an id; none of these may
  std::vector<std::string> areas;
  std::vector<std::string> ids;
  std::optional<std::set<std::string>> rerun;  // the ids that failed in an earlier run
  std::string profile;                         // leaves out entries of another profile
  Shard shard;
};

// In the order of ids. kInvalidArgument for an id or area that is not in the catalogue, and when
// nothing is left: a run of nothing must not look like a pass.
Result<std::vector<const Entry*>> Select(const Catalogue& catalogue, const Selection& selection);

// What a cluster offers, for `needs`: {"nodes", 3}, {"fast-time", 1}.
using Capabilities = std::map<std::string, int64_t, std::less<>>;

// Why the behaviour says nothing about this back end; nothing when it does.
std::optional<std::string> NotApplicable(const Entry& entry, std::string_view backend,
                                         const Capabilities& capabilities);

// True where `pattern` matches some part of `text`.
bool MatchesAnywhere(std::string_view pattern, std::string_view text);

}  // namespace kp::conformance
