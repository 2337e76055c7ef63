#include "conformance/selection.h"

#include <algorithm>

#include "reference/base/strings.h"

namespace kp::conformance {
namespace {

bool AnyMatches(const std::vector<std::string>& patterns, std::string_view id) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return MatchesAnywhere(pattern, id); });
}

template <typename Text>
bool Contains(const std::vector<std::string>& list, const Text& text) {
  return std::ranges::find(list, text) != list.end();
}

bool IsChosen(const Entry& entry, const Selection& selection) {
  if (!selection.ids.empty() && !Contains(selection.ids, entry.id)) return false;
  if (!selection.areas.empty() && !Contains(selection.areas, entry.area())) return false;
  if (!selection.focus.empty() && !AnyMatches(selection.focus, entry.id)) return false;
  if (AnyMatches(selection.skip, entry.id)) return false;
  if (selection.rerun && !selection.rerun->contains(entry.id)) return false;
  return selection.profile.empty() || entry.profile.empty() || entry.profile == selection.profile;
}

Status CheckNames(const Catalogue& catalogue, const Selection& selection) {
  for (const std::string& id : selection.ids) {
    if (!catalogue.entries.contains(id)) {
      const bool retired = catalogue.retired.contains(id);
      return Status(Code::kInvalidArgument, "behaviour '" + id + (retired ? "' is retired" : "' does not exist"));
    }
  }
  for (const std::string& area : selection.areas) {
    const bool exists = std::ranges::any_of(catalogue.entries, [&](const auto& e) { return e.second.area() == area; });
    if (!exists) return Status(Code::kInvalidArgument, "area '" + area + "' does not exist");
  }
  return Status::Ok();
}

}  // namespace

Result<Shard> ParseShard(std::string_view text) {
  const auto parts = Split(text, '/');
  if (parts.size() == 2) {
    const auto index = ParseInt(parts[0]);
    const auto count = ParseInt(parts[1]);
    if (index && count && *index >= 1 && *index <= *count) return Shard{*index, *count};
  }
  return Status(Code::kInvalidArgument, "shard '" + std::string(text) + "' is not I/N with 1 <= I <= N");
}

Result<std::vector<const Entry*>> Select(const Catalogue& catalogue, const Selection& selection) {
  if (Status names = CheckNames(catalogue, selection); !names.ok()) return names;
  std::vector<const Entry*> chosen;
  for (const auto& [id, entry] : catalogue.entries) {
    if (IsChosen(entry, selection)) chosen.push_back(&entry);
  }
  if (chosen.empty()) return Status(Code::kInvalidArgument, "no behaviour is selected");
  // Dealt like cards, so that a slow area is spread over all shards. A shard may get none.
  std::vector<const Entry*> dealt;
  for (size_t i = static_cast<size_t>(selection.shard.index) - 1; i < chosen.size();
       i += static_cast<size_t>(selection.shard.count)) {
    dealt.push_back(chosen[i]);
  }
  return dealt;
}

std::optional<std::string> NotApplicable(const Entry& entry, std::string_view backend,
                                         const Capabilities& capabilities) {
  if (!Contains(entry.runs_on, backend)) return "does not run on " + std::string(backend);
  for (const Need& need : entry.needs) {
    const auto offered = capabilities.find(need.capability);
    if (offered == capabilities.end() || offered->second < need.at_least) return "needs " + need.ToString();
  }
  return std::nullopt;
}

bool MatchesAnywhere(std::string_view pattern, std::string_view text) {
  // Each piece between stars at its first place after the piece before: no later place could let
  // more follow.
  size_t from = 0;
  for (std::string_view piece : Split(pattern, '*')) {
    const size_t at = text.find(piece, from);
    if (at == std::string_view::npos) return false;
    from = at + piece.size();
  }
  return true;
}

}  // namespace kp::conformance
