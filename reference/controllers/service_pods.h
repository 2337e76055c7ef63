// The pods behind a Service and the ports on which they serve it.
#pragma once

#include <optional>
#include <vector>

#include "reference/controllers/view.h"

namespace kp::controllers {

struct ServicePod {
  api::Value pod;
  // [{name, port, protocol, appProtocol?}]: the Service's ports with targetPort resolved in this pod.
  api::Value ports;
  bool ready = false;  // takes new connections
  bool serving = false;
  bool terminating = false;
};

// Pods that match the selector, have an address and have not ended, in key order. Nothing when the Service
// has no selector: its endpoints are somebody else's.
std::optional<std::vector<ServicePod>> PodsOf(const View& view, const api::Value& service);

// The keys of Services that select the pod, before or after a change.
void ServicesOf(const View& view, const api::Value& pod, std::set<std::string>& keys);

}  // namespace kp::controllers
