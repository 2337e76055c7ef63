// Hands out cluster IPs and node ports of Services, and takes them back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/api/api_status.h"
#include "reference/api/value.h"
#include "reference/apiserver/ip_range.h"
#include "reference/apiserver/number_range.h"
#include "reference/base/completion.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

struct ServiceAddressOptions {
  std::string cidr = "10.96.0.0/16";
  int node_port_first = 30000;
  int node_port_last = 32767;
};

// What belongs to one Service.
struct Addresses {
  std::vector<uint32_t> ips;  // numbers in the range
  std::vector<uint32_t> ports;
};

struct Assigned {
  api::Value service;  // with what it lacked
  Addresses added;     // to give back when the service cannot be stored
};

class ServiceAddresses {
 public:
  ServiceAddresses(runtime::Env& env, client::EtcdClient& store, const ServiceAddressOptions& options);

  // `old` is null for a new Service. 422 when what it asks for is taken or out of range.
  void Assign(const api::Value& service, const api::Value& old, Completion<api::ApiResult<Assigned>> done);
  void Release(const Addresses& addresses);
  // What `old` has and `service` (null: none) has no more.
  Addresses Dropped(const api::Value& old, const api::Value& service) const;

 private:
  struct Work;
  Addresses Of(const api::Value& service) const;
  void AssignIp(const std::shared_ptr<Work>& work);
  void AssignPorts(const std::shared_ptr<Work>& work, size_t index);
  void Fail(const std::shared_ptr<Work>& work, const Status& status, api::FieldCause cause);

  IpRange range_;
  NumberRange ips_;
  NumberRange ports_;
};

}  // namespace kp::apiserver
