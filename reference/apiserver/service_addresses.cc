#include "reference/apiserver/service_addresses.h"

#include <algorithm>

#include "reference/apiserver/kinds/service_fields.h"
#include "reference/apiserver/storage.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

IpRange RangeOf(const std::string& cidr) {
  Result<IpRange> range = IpRange::Parse(cidr);
  CHECK(range.ok()) << range.status().message();
  return *range;
}

// https://kubernetes.io/docs/reference/networking/virtual-ips/#avoiding-collisions
uint32_t Band(uint32_t size) { return std::min(std::max(16u, size / 16), 256u); }

NumberRangeOptions IpOptions(const IpRange& range) {
  NumberRangeOptions options{.key = "/registry/ranges/serviceips", .first = 1, .last = range.size() - 2};
  options.kept_for_requests = Band(range.size());
  // default/kubernetes has it for ever.
  options.taken = {1};
  return options;
}

NumberRangeOptions PortOptions(const ServiceAddressOptions& options) {
  const auto first = static_cast<uint32_t>(options.node_port_first);
  const auto last = static_cast<uint32_t>(options.node_port_last);
  const uint32_t size = last - first + 1;
  return {.key = "/registry/ranges/servicenodeports",
          .first = first,
          .last = last,
          .kept_for_requests = size < 16 ? 0 : std::min(std::max(16u, size / 32), 128u)};
}

bool Holds(const std::vector<uint32_t>& list, uint32_t number) {
  return std::find(list.begin(), list.end(), number) != list.end();
}

}  // namespace

struct ServiceAddresses::Work {
  Value service;
  Addresses had;
  Assigned assigned;
  Completion<ApiResult<Assigned>> done;
};

ServiceAddresses::ServiceAddresses(runtime::Env& env, client::EtcdClient& store, const ServiceAddressOptions& options)
    : range_(RangeOf(options.cidr)), ips_(env, store, IpOptions(range_)), ports_(env, store, PortOptions(options)) {}

Addresses ServiceAddresses::Of(const Value& service) const {
  Addresses out;
  if (service.is_null()) return out;
  if (NeedsClusterIp(service)) {
    if (const auto number = range_.NumberOf(service["spec"]["clusterIP"].AsString())) out.ips.push_back(*number);
  }
  if (!NeedsNodePorts(service)) return out;
  for (const Value& port : service["spec"]["ports"].items()) {
    const auto number = static_cast<uint32_t>(port["nodePort"].AsInt());
    if (number && !Holds(out.ports, number)) out.ports.push_back(number);
  }
  return out;
}

Addresses ServiceAddresses::Dropped(const Value& old, const Value& service) const {
  const Addresses before = Of(old);
  const Addresses now = Of(service);
  Addresses out;
  for (uint32_t ip : before.ips) {
    if (!Holds(now.ips, ip)) out.ips.push_back(ip);
  }
  for (uint32_t port : before.ports) {
    if (!Holds(now.ports, port)) out.ports.push_back(port);
  }
  return out;
}

void ServiceAddresses::Release(const Addresses& addresses) {
  for (uint32_t ip : addresses.ips) ips_.Release(ip);
  for (uint32_t port : addresses.ports) ports_.Release(port);
}

void ServiceAddresses::Assign(const Value& service, const Value& old, Completion<ApiResult<Assigned>> done) {
  auto work = std::make_shared<Work>();
  *work = {.service = service, .had = Of(old), .done = std::move(done)};
  AssignIp(work);
}

void ServiceAddresses::Fail(const std::shared_ptr<Work>& work, const Status& status, api::FieldCause cause) {
  Release(work->assigned.added);
  const bool asked_wrong = status.code() == Code::kAlreadyExists || status.code() == Code::kOutOfRange;
  const std::string_view name = work->service["metadata"]["name"].AsString();
  if (asked_wrong) return work->done(ApiStatus::Invalid("", "Service", name, {std::move(cause)}));
  if (status.code() == Code::kResourceExhausted) {
    return work->done(ApiStatus::InternalError("failed to allocate for the service: " + status.message()));
  }
  work->done(StoreError(status));
}

void ServiceAddresses::AssignIp(const std::shared_ptr<Work>& work) {
  const std::string asked = work->service["spec"]["clusterIP"].str();
  const std::optional<uint32_t> number = range_.NumberOf(asked);
  const bool kept = number && Holds(work->had.ips, *number);
  if (!NeedsClusterIp(work->service) || kept) return AssignPorts(work, 0);
  const auto cause = [asked](const std::string& why) {
    return api::InvalidCause("spec.clusterIPs", api::Arr({asked}), "failed to allocate IP " + asked + ": " + why);
  };
  if (!asked.empty() && !number && !KP_MUTANT("service-takes-any-address")) {
    const Status outside(Code::kOutOfRange, "the provided IP is not in the valid range");
    return Fail(work, outside, cause(outside.message()));
  }
  ips_.Allocate(number, [this, work, cause](Result<uint32_t> ip) {
    if (!ip.ok()) {
      const bool taken = ip.status().code() == Code::kAlreadyExists;
      return Fail(work, ip.status(), cause(taken ? "provided IP is already allocated" : ip.status().message()));
    }
    work->assigned.added.ips.push_back(*ip);
    const std::string address = range_.At(*ip);
    work->service =
        work->service.With({"spec", "clusterIP"}, address).With({"spec", "clusterIPs"}, api::Arr({address}));
    AssignPorts(work, 0);
  });
}

void ServiceAddresses::AssignPorts(const std::shared_ptr<Work>& work, size_t index) {
  const Value& ports = work->service["spec"]["ports"];
  if (!NeedsNodePorts(work->service) || index >= ports.size()) {
    work->assigned.service = work->service;
    return work->done(std::move(work->assigned));
  }
  const auto asked = static_cast<uint32_t>(ports[index]["nodePort"].AsInt());
  // TCP and UDP of one service may share a number.
  if (asked && (Holds(work->had.ports, asked) || Holds(work->assigned.added.ports, asked))) {
    return AssignPorts(work, index + 1);
  }
  ports_.Allocate(asked ? std::optional(asked) : std::nullopt, [this, work, index, asked](Result<uint32_t> port) {
    if (!port.ok()) {
      const bool taken = port.status().code() == Code::kAlreadyExists;
      const std::string why = taken ? "provided port is already allocated" : "provided port is not in the valid range";
      return Fail(
          work, port.status(),
          api::InvalidCause("spec.ports[" + std::to_string(index) + "].nodePort", static_cast<int64_t>(asked), why));
    }
    work->assigned.added.ports.push_back(*port);
    const Value& ports = work->service["spec"]["ports"];
    const Value with = ports[index].With("nodePort", static_cast<int64_t>(*port));
    work->service = work->service.With({"spec", "ports"}, ports.WithItem(index, with));
    AssignPorts(work, index + 1);
  });
}

}  // namespace kp::apiserver
