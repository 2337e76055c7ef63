#include "reference/api/discovery.h"

#include <algorithm>

#include "reference/base/mutant.h"

namespace kp::api {
namespace {

Value Strings(const std::vector<std::string>& texts) {
  return Value::Array(std::vector<Value>(texts.begin(), texts.end()));
}

Value ResponseKind(const GroupVersionKind& gvk) {
  return Obj({{"group", gvk.group}, {"version", gvk.version}, {"kind", gvk.kind}});
}

// Upstream lists subresources by name.
std::vector<const Subresource*> SortedSubresources(const Kind& kind) {
  std::vector<const Subresource*> sorted;
  for (const Subresource& subresource : kind.subresources) sorted.push_back(&subresource);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->name < b->name; });
  return sorted;
}

std::vector<const Kind*> Resources(const Registry& registry, const GroupVersion& group_version) {
  std::vector<const Kind*> resources;
  for (const Kind* kind : registry.kinds()) {
    if (kind->served && kind->group_version() == group_version) resources.push_back(kind);
  }
  std::sort(resources.begin(), resources.end(), [](auto* a, auto* b) { return a->plural < b->plural; });
  return resources;
}

// Groups in the order of names, each with its versions, the preferred one first.
std::vector<std::pair<std::string, std::vector<std::string>>> Groups(const Registry& registry) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const GroupVersion& group_version : registry.group_versions()) {
    if (groups.empty() || groups.back().first != group_version.group) groups.push_back({group_version.group, {}});
    groups.back().second.push_back(group_version.version);
  }
  return groups;
}

Value AggregatedResource(const Kind& kind) {
  std::vector<Value> subresources;
  for (const Subresource* subresource : SortedSubresources(kind)) {
    subresources.push_back(Obj({{"subresource", subresource->name},
                                {"responseKind", ResponseKind(subresource->kind)},
                                {"verbs", Strings(subresource->verbs)}}));
  }
  Value resource = Obj({{"resource", kind.plural},
                        {"responseKind", ResponseKind(kind.gvk)},
                        {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
                        {"singularResource", kind.singular},
                        {"verbs", Strings(kind.verbs)}});
  if (!kind.short_names.empty()) resource = resource.With("shortNames", Strings(kind.short_names));
  if (!kind.categories.empty()) resource = resource.With("categories", Strings(kind.categories));
  if (!subresources.empty()) resource = resource.With("subresources", Value::Array(std::move(subresources)));
  return resource;
}

Value Aggregated(const Registry& registry, std::string_view version, bool core) {
  std::vector<Value> items;
  for (const auto& [group, versions] : Groups(registry)) {
    if (group.empty() != core) continue;
    std::vector<Value> version_items;
    for (const std::string& name : versions) {
      std::vector<Value> resources;
      for (const Kind* kind : Resources(registry, {group, name})) resources.push_back(AggregatedResource(*kind));
      version_items.push_back(
          Obj({{"version", name}, {"freshness", "Current"}, {"resources", Value::Array(std::move(resources))}}));
    }
    items.push_back(Obj({{"metadata", Obj({{"name", group}, {"creationTimestamp", nullptr}})},
                         {"versions", Value::Array(std::move(version_items))}}));
  }
  return Obj({{"kind", "APIGroupDiscoveryList"},
              {"apiVersion", "apidiscovery.k8s.io/" + std::string(version)},
              {"metadata", Value::EmptyObject()},
              {"items", Value::Array(std::move(items))}});
}

Value GroupEntry(const std::string& group, const std::vector<std::string>& versions) {
  std::vector<Value> entries;
  for (const std::string& version : versions) {
    entries.push_back(Obj({{"groupVersion", GroupVersion{group, version}.ToString()}, {"version", version}}));
  }
  Value preferred = entries.front();
  return Obj({{"name", group}, {"versions", Value::Array(std::move(entries))}, {"preferredVersion", preferred}});
}

Value LegacyResource(const Kind& kind) {
  Value resource = Obj({{"name", kind.plural},
                        {"singularName", kind.singular},
                        {"namespaced", kind.namespaced},
                        {"kind", kind.gvk.kind},
                        {"verbs", Strings(kind.verbs)}});
  if (!kind.short_names.empty()) resource = resource.With("shortNames", Strings(kind.short_names));
  if (!kind.categories.empty()) resource = resource.With("categories", Strings(kind.categories));
  return resource;
}

Value LegacySubresource(const Kind& kind, const Subresource& subresource) {
  Value resource = Obj({{"name", kind.plural + "/" + subresource.name},
                        {"singularName", ""},
                        {"namespaced", kind.namespaced},
                        {"kind", subresource.kind.kind},
                        {"verbs", Strings(subresource.verbs)}});
  if (subresource.kind.group_version() != kind.group_version()) {
    resource = resource.With("group", subresource.kind.group).With("version", subresource.kind.version);
  }
  return resource;
}

}  // namespace

std::string AggregatedContentType(std::string_view version) {
  return "application/json;g=apidiscovery.k8s.io;v=" + std::string(version) + ";as=APIGroupDiscoveryList";
}

Value AggregatedCoreDiscovery(const Registry& registry, std::string_view version) {
  return Aggregated(registry, version, true);
}

Value AggregatedGroupsDiscovery(const Registry& registry, std::string_view version) {
  return Aggregated(registry, version, false);
}

Value ApiVersionsDocument(std::string_view server_address) {
  return Obj(
      {{"kind", "APIVersions"},
       {"versions", Arr({"v1"})},
       {"serverAddressByClientCIDRs", Arr({Obj({{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", server_address}})})}});
}

Value ApiGroupListDocument(const Registry& registry) {
  std::vector<Value> groups;
  for (const auto& [group, versions] : Groups(registry)) {
    if (!group.empty()) groups.push_back(GroupEntry(group, versions));
  }
  return Obj({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", Value::Array(std::move(groups))}});
}

std::optional<Value> ApiGroupDocument(const Registry& registry, std::string_view group) {
  for (const auto& [name, versions] : Groups(registry)) {
    if (name == group && !name.empty()) {
      return GroupEntry(name, versions).With("kind", "APIGroup").With("apiVersion", "v1");
    }
  }
  return std::nullopt;
}

std::optional<Value> ApiResourceListDocument(const Registry& registry, const GroupVersion& group_version) {
  const bool bare = KP_MUTANT("discovery-hides-subresources");
  std::vector<Value> resources;
  for (const Kind* kind : Resources(registry, group_version)) {
    resources.push_back(LegacyResource(*kind));
    for (const Subresource* subresource : SortedSubresources(*kind)) {
      if (!bare) resources.push_back(LegacySubresource(*kind, *subresource));
    }
  }
  if (resources.empty()) return std::nullopt;
  return Obj({{"kind", "APIResourceList"},
              {"apiVersion", "v1"},
              {"groupVersion", group_version.ToString()},
              {"resources", Value::Array(std::move(resources))}});
}

}  // namespace kp::api
