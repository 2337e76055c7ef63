// Who the members are, as the start flags say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace kp::store {

// "http://127.0.0.1:2380"
struct Url {
  bool tls = false;
  std::string address;  // "127.0.0.1:2380"
  std::string ToString() const { return (tls ? "https://" : "http://") + address; }
};
// kInvalidArgument: `URL address does not have the form "host:port": http://x`, `URL scheme must be http or https:
// ...`.
Result<Url> ParseUrl(std::string_view text);
Result<std::vector<Url>> ParseUrls(std::string_view comma_separated);
// Sorted texts of URLs, the form that members are known by.
std::vector<std::string> UrlTexts(const std::vector<Url>& urls);

struct ClusterMember {
  uint64_t id = 0;
  std::string name;
  std::vector<Url> peer_urls;
};

struct Cluster {
  uint64_t id = 0;
  std::vector<ClusterMember> members;  // by id

  const ClusterMember* Find(uint64_t member) const;
  const ClusterMember* FindByName(std::string_view name) const;
};

// The id of a member, as etcd computes it: of its peer URLs, the cluster's token, and for a member that is added to
// a running cluster the second when it was. Source: etcdserver/api/membership/member.go, NewMember.
uint64_t MemberId(const std::vector<std::string>& peer_urls, std::string_view token, std::optional<int64_t> seconds);

// "a=http://10.0.0.1:2380,b=http://10.0.0.2:2380". Every member computes the same ids, and etcd's.
Result<Cluster> ParseCluster(std::string_view initial_cluster, std::string_view token);

}  // namespace kp::store
