#include "reference/store/cluster.h"

#include <algorithm>
#include <map>

#include "reference/base/sha.h"
#include "reference/base/strings.h"

namespace kp::store {
namespace {

uint64_t FirstEightBytes(std::string_view digest) {
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(digest[i]);
  return number;
}

// Source: etcdserver/api/membership/cluster.go, genID.
uint64_t ClusterId(const std::vector<ClusterMember>& members) {
  std::string ids;
  for (const ClusterMember& member : members) {
    for (int shift = 56; shift >= 0; shift -= 8) ids += static_cast<char>(member.id >> shift);
  }
  return FirstEightBytes(Sha1(ids));
}

}  // namespace

uint64_t MemberId(const std::vector<std::string>& peer_urls, std::string_view token, std::optional<int64_t> seconds) {
  std::string identity = Join(peer_urls, "") + std::string(token);
  if (seconds) identity += std::to_string(*seconds);
  return FirstEightBytes(Sha1(identity));
}

std::vector<std::string> UrlTexts(const std::vector<Url>& urls) {
  std::vector<std::string> texts;
  for (const Url& url : urls) texts.push_back(url.ToString());
  std::sort(texts.begin(), texts.end());
  return texts;
}

Result<Url> ParseUrl(std::string_view text) {
  std::string_view rest = Trim(text);
  Url url;
  if (ConsumePrefix(rest, "https://")) {
    url.tls = true;
  } else if (!ConsumePrefix(rest, "http://")) {
    return Status(Code::kInvalidArgument, "URL scheme must be http or https: " + std::string(text));
  }
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const size_t colon = rest.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : ParseInt(rest.substr(colon + 1));
  if (colon == 0 || !port || *port < 0 || *port > 65535 || rest.find('/') != std::string_view::npos) {
    return Status(Code::kInvalidArgument, "URL address does not have the form \"host:port\": " + std::string(text));
  }
  url.address = rest;
  return url;
}

Result<std::vector<Url>> ParseUrls(std::string_view comma_separated) {
  std::vector<Url> urls;
  for (const std::string_view part : Split(comma_separated, ',')) {
    Result<Url> url = ParseUrl(part);
    if (!url.ok()) return url.error();
    urls.push_back(std::move(*url));
  }
  return urls;
}

const ClusterMember* Cluster::Find(uint64_t member) const {
  for (const ClusterMember& candidate : members) {
    if (candidate.id == member) return &candidate;
  }
  return nullptr;
}

const ClusterMember* Cluster::FindByName(std::string_view name) const {
  for (const ClusterMember& candidate : members) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

Result<Cluster> ParseCluster(std::string_view initial_cluster, std::string_view token) {
  std::map<std::string, std::vector<Url>> by_name;
  for (const std::string_view part : Split(initial_cluster, ',')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Status(Code::kInvalidArgument, "initial-cluster: expected NAME=URL, got " + Quote(part));
    }
    Result<Url> url = ParseUrl(part.substr(equals + 1));
    if (!url.ok()) return url.error();
    by_name[std::string(Trim(part.substr(0, equals)))].push_back(std::move(*url));
  }
  Cluster cluster;
  for (auto& [name, urls] : by_name) {
    const uint64_t id = MemberId(UrlTexts(urls), token, std::nullopt);
    cluster.members.push_back({id, name, std::move(urls)});
  }
  std::sort(cluster.members.begin(), cluster.members.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  cluster.id = ClusterId(cluster.members);
  for (size_t i = 1; i < cluster.members.size(); ++i) {
    if (cluster.members[i - 1].id == cluster.members[i].id) {
      return Status(Code::kInvalidArgument, "initial-cluster: two members have the same peer URLs");
    }
  }
  return cluster;
}

}  // namespace kp::store
