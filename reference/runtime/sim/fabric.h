// The simulated network of a whole world, and the verbs that hurt it.
//
// Streams are reliable, so a lost packet is a late one: loss adds retransmission time, a partition
// holds chunks until it heals or the stream times out. Who, when and how often is for chaos/.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/runtime/sim/link.h"
#include "reference/runtime/sim/scheduler.h"

namespace kp::runtime::sim {

class Connection;

struct FabricOptions {
  // Silence after which a stream over a cut link ends, as keep-alive and TCP_USER_TIMEOUT do in posix/.
  Duration stream_timeout = 30s;
  // Each link's own range is drawn inside this one.
  DelayRange delay{100us, 500us};
  DelayRange loopback_delay{10us, 60us};
  // One chunk in so many reaches its reader in two pieces, as TCP may cut it. 0: none.
  uint32_t split_one_in = 16;
};

enum class Direction : unsigned char { kBoth, kForward };
enum class PeersSee : unsigned char { kReset, kSilence };

struct PartitionId {
  uint64_t value = 0;
};

class Fabric {
 public:
  Fabric(Scheduler& scheduler, FabricOptions options);
  ~Fabric();

  Host& AddHost(const std::string& ip);
  // `name` becomes an alias for the host in addresses and in the verbs below.
  void AddName(const std::string& name, Host& host) { names_[name] = &host; }

  // Verbs. Ends are process names or IP addresses; CHECKs that they exist.
  PartitionId Partition(const std::vector<std::string>& from, const std::vector<std::string>& to, Direction direction);
  void Heal(PartitionId partition);
  void HealAll();
  void SetDelay(const std::string& from, const std::string& to, DelayRange delay);
  void SetLoss(const std::string& from, const std::string& to, double probability);
  // Undoes SetDelay and SetLoss on one link, or everywhere.
  void ResetLink(const std::string& from, const std::string& to);
  void ResetLinks();
  // Resets the streams between two hosts; returns how many there were.
  int ResetStreams(const std::string& a, const std::string& b);
  bool Reachable(const std::string& from, const std::string& to);
  size_t open_connections() const { return connections_.size(); }

  // For the endpoints of processes.
  Result<std::string> Listen(ProcessState& process, Host& host, const std::string& address, AcceptFunction on_accept);
  void StopListening(Host& host, const std::string& key) { host.listeners.erase(key); }
  void Dial(ProcessState& process, Host& host, const std::string& address, Duration timeout,
            Completion<Result<std::unique_ptr<Stream>>> done);
  void OnProcessEnded(ProcessState& process, Host& host, PeersSee peers_see);
  // A host that went silently answers old streams with resets once it is back.
  void OnProcessBack(Host& host);

  // For connections.
  Scheduler& scheduler() { return scheduler_; }
  const FabricOptions& options() const { return options_; }
  std::shared_ptr<Connection> Find(uint64_t id) const;
  void Forget(uint64_t id) { connections_.erase(id); }
  // The time one more packet takes now, retransmissions included.
  Duration DrawDelay(Link& link, uint64_t draw);

 private:
  struct DialAttempt;
  struct Target {
    Host* host = nullptr;  // none: packets vanish
    std::string key;
  };

  Link& LinkBetween(Host& from, Host& to);
  Host* Resolve(const std::string& name) const;
  Host& Named(const std::string& name) const;
  Result<Target> ParseTarget(const std::string& address, Host& self) const;
  void SendSyn(uint64_t dial, Duration wait);
  void OnSyn(uint64_t dial);
  void Accept(uint64_t dial, const ListenerEntry& listener);
  void FailDial(uint64_t dial, Status failure, Duration wait);
  void FinishDial(uint64_t dial, Result<std::unique_ptr<Stream>> outcome);
  void Block(Link& link);
  void Unblock(Link& link);
  void OnStreamTimeout(Link& link);

  Scheduler& scheduler_;
  FabricOptions options_;
  std::string stream_name_ = "network";
  Random random_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;
  std::map<std::string, Host*> names_;
  std::vector<Link*> links_;  // in order of first use
  uint64_t last_connection_ = 0;
  std::map<uint64_t, std::shared_ptr<Connection>> connections_;
  uint64_t last_dial_ = 0;
  std::map<uint64_t, std::unique_ptr<DialAttempt>> dials_;
  uint64_t last_partition_ = 0;
  std::map<uint64_t, std::vector<Link*>> partitions_;
};

}  // namespace kp::runtime::sim
