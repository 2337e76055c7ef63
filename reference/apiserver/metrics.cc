#include "reference/apiserver/metrics.h"

#include <algorithm>

namespace kp::apiserver {

namespace {

std::string UpperVerb(std::string verb) {
  std::transform(verb.begin(), verb.end(), verb.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return verb;
}

void Head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n");
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

}  // namespace

void Metrics::OnAnswered(const RequestInfo& info, int code, Duration took) {
  Request key{.verb = UpperVerb(info.verb)};
  // Paths are unbounded in number; resources that are not served are refused before they are counted.
  if (info.is_resource && code != 404) {
    key = {key.verb, info.group, info.version, info.resource, info.subresource};
  }
  key.code = code;
  ++requests_[key];
  if (info.verb == "watch") return;
  key.code = 0;
  Latency& latency = latencies_[key];
  ++latency.count;
  latency.sum += took;
}

std::string Metrics::Text(const Storage& storage) const {
  const auto labels = [](const Request& r) {
    return "{group=\"" + r.group + "\",resource=\"" + r.resource + "\",subresource=\"" + r.subresource + "\",verb=\"" +
           r.verb + "\",version=\"" + r.version + "\"";
  };
  std::string out;
  Head(out, "apiserver_request_total", "counter", "Requests by what they asked for and how they were answered.");
  for (const auto& [request, count] : requests_) {
    out += "apiserver_request_total" + labels(request) + ",code=\"" + std::to_string(request.code) + "\"} " +
           std::to_string(count) + "\n";
  }
  Head(out, "apiserver_request_duration_seconds", "summary", "Time to answer, watches apart.");
  for (const auto& [request, latency] : latencies_) {
    out +=
        "apiserver_request_duration_seconds_sum" + labels(request) + "} " + std::to_string(Seconds(latency.sum)) + "\n";
    out += "apiserver_request_duration_seconds_count" + labels(request) + "} " + std::to_string(latency.count) + "\n";
  }
  Head(out, "apiserver_registered_watchers", "gauge", "Open watches by resource.");
  for (const auto& [name, cache] : storage.caches()) {
    out += "apiserver_registered_watchers{resource=\"" + name + "\"} " + std::to_string(cache->watchers()) + "\n";
  }
  Head(out, "apiserver_store_watches", "gauge", "Watches on the store by resource.");
  for (const auto& [name, cache] : storage.caches()) {
    out += "apiserver_store_watches{resource=\"" + name + "\"} " + (cache->watching() ? "1" : "0") + "\n";
  }
  Head(out, "apiserver_storage_objects", "gauge", "Objects by resource.");
  for (const auto& [name, cache] : storage.caches()) {
    out += "apiserver_storage_objects{resource=\"" + name + "\"} " + std::to_string(cache->objects().size()) + "\n";
  }
  return out;
}

}  // namespace kp::apiserver
