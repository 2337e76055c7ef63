// Hosts and the one-way links between them.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/random.h"
#include "reference/runtime/sim/event.h"

namespace kp::runtime::sim {

using AcceptFunction = std::function<void(std::unique_ptr<Stream>)>;

struct Host;

struct DelayRange {
  Duration low{};
  Duration high{};
};

struct Link {
  Link(Host* from_host, Host* to_host, std::string link_name)
      : from(from_host), to(to_host), name(std::move(link_name)) {}

  Host* from;
  Host* to;
  std::string name;  // "10.0.0.1>10.0.0.2"
  Random random{0};
  DelayRange usual;
  DelayRange delay;  // `usual`, or what a fault made of it
  double loss = 0;
  int blocked = 0;  // how many partitions cover it
  uint64_t blocks = 0;
  Time blocked_since{};

  bool slowed() const { return delay.high != usual.high; }
};

struct ListenerEntry {
  ProcessState* process;
  std::shared_ptr<AcceptFunction> on_accept;
};

struct Host {
  std::string ip;
  std::map<std::string, ListenerEntry> listeners;  // by "43211" or "unix:/path"
  uint16_t last_port = 40000;
  size_t index = 0;
  bool down = false;                         // went without a word: packets to it vanish
  std::vector<std::unique_ptr<Link>> links;  // by the other host's index; some are not made yet
};

}  // namespace kp::runtime::sim
