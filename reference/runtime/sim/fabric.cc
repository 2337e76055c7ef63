#include "reference/runtime/sim/fabric.h"

#include <utility>

#include "reference/base/check.h"
#include "reference/runtime/sim/connection.h"
#include "reference/runtime/sim/dial.h"

namespace kp::runtime::sim {
namespace {

// Linux: the first retransmission after 200 ms, then twice as long each time.
constexpr Duration kFirstRetransmission = 200ms;
constexpr int kMostRetransmissions = 6;
// The longest that a sender's back-off adds after a partition healed.
constexpr Duration kLongestCatchUp = 1s;

}  // namespace

Fabric::Fabric(Scheduler& scheduler, FabricOptions options)
    : scheduler_(scheduler), options_(options), random_(scheduler.MakeRandom(stream_name_)) {}

Fabric::~Fabric() = default;

Host& Fabric::AddHost(const std::string& ip) {
  auto& host = hosts_[ip];
  if (!host) {
    host = std::make_unique<Host>();
    host->ip = ip;
    host->index = hosts_.size() - 1;
  }
  return *host;
}

Host* Fabric::Resolve(const std::string& name) const {
  if (auto named = names_.find(name); named != names_.end()) return named->second;
  auto host = hosts_.find(name);
  return host != hosts_.end() ? host->second.get() : nullptr;
}

Host& Fabric::Named(const std::string& name) const {
  Host* host = Resolve(name);
  CHECK(host != nullptr) << "no process or host is called " << name;
  return *host;
}

Link& Fabric::LinkBetween(Host& from, Host& to) {
  if (from.links.size() <= to.index) from.links.resize(to.index + 1);
  auto& link = from.links[to.index];
  if (link) return *link;
  link = std::make_unique<Link>(&from, &to, from.ip + ">" + to.ip);
  link->random = scheduler_.MakeRandom(link->name);
  link->usual = options_.loopback_delay;
  if (&from != &to) {
    // Links differ: each has a range of its own, so that one peer is always a little further.
    int64_t low =
        link->random.Between(options_.delay.low.count(), (options_.delay.low + options_.delay.high).count() / 2);
    link->usual = {Duration(low), Duration(link->random.Between(low, options_.delay.high.count()))};
  }
  link->delay = link->usual;
  links_.push_back(link.get());
  return *link;
}

Duration Fabric::DrawDelay(Link& link, uint64_t draw) {
  auto span = static_cast<uint64_t>((link.delay.high - link.delay.low).count());
  // 32 bits of the draw scaled to the range; 128 bits because a fault's range may be hours.
  Duration delay = link.delay.low +
                   Duration(static_cast<int64_t>((static_cast<unsigned __int128>(draw & 0xffffffffU) * span) >> 32));
  if (link.slowed()) ++scheduler_.counters().delayed_chunks;
  if (link.loss <= 0) return delay;
  Duration wait = kFirstRetransmission;
  for (int i = 0; i < kMostRetransmissions && link.random.Chance(link.loss); ++i) {
    ++scheduler_.counters().retransmissions;
    delay += wait;
    wait *= 2;
  }
  return delay;
}

std::shared_ptr<Connection> Fabric::Find(uint64_t id) const {
  auto found = connections_.find(id);
  return found != connections_.end() ? found->second : nullptr;
}

PartitionId Fabric::Partition(const std::vector<std::string>& from, const std::vector<std::string>& to,
                              Direction direction) {
  std::vector<Link*> cut;
  for (const std::string& a : from) {
    for (const std::string& b : to) {
      Host& left = Named(a);
      Host& right = Named(b);
      if (&left == &right) continue;
      cut.push_back(&LinkBetween(left, right));
      if (direction == Direction::kBoth) cut.push_back(&LinkBetween(right, left));
    }
  }
  for (Link* link : cut) Block(*link);
  partitions_[++last_partition_] = std::move(cut);
  return {last_partition_};
}

void Fabric::Heal(PartitionId partition) {
  auto cut = partitions_.extract(partition.value);
  if (cut.empty()) return;
  for (Link* link : cut.mapped()) Unblock(*link);
}

void Fabric::HealAll() {
  while (!partitions_.empty()) Heal({partitions_.begin()->first});
}

void Fabric::Block(Link& link) {
  if (link.blocked++ > 0) return;
  link.blocked_since = scheduler_.now();
  ++link.blocks;
  scheduler_.After(options_.stream_timeout, nullptr, EventKind::kWorld, [this, cut = &link, blocks = link.blocks] {
    if (cut->blocked > 0 && cut->blocks == blocks) OnStreamTimeout(*cut);
  });
}

void Fabric::OnStreamTimeout(Link& link) {
  std::vector<std::shared_ptr<Connection>> over;
  for (auto& [id, connection] : connections_) {
    if (connection->out(0) == &link || connection->out(1) == &link) over.push_back(connection);
  }
  for (auto& connection : over) connection->TimeOut();
}

void Fabric::Unblock(Link& link) {
  CHECK(link.blocked > 0);
  if (--link.blocked > 0) return;
  // The sender's back-off has grown with the time that the link was cut.
  Duration longest = std::min<Duration>(scheduler_.now() - link.blocked_since, kLongestCatchUp);
  for (auto& [id, connection] : connections_) {
    for (int end : {0, 1}) {
      if (connection->out(end) != &link) continue;
      connection->Release(1 - end, Duration(random_.Between(0, longest.count())));
    }
  }
  for (auto& [id, attempt] : dials_) {
    if (!attempt->held || (attempt->there != &link && attempt->back != &link)) continue;
    attempt->held = false;
    SendSyn(id, Duration(random_.Between(0, longest.count())));
  }
}

void Fabric::SetDelay(const std::string& from, const std::string& to, DelayRange delay) {
  CHECK(delay.low <= delay.high);
  LinkBetween(Named(from), Named(to)).delay = delay;
}

void Fabric::SetLoss(const std::string& from, const std::string& to, double probability) {
  LinkBetween(Named(from), Named(to)).loss = probability;
}

void Fabric::ResetLink(const std::string& from, const std::string& to) {
  Link& link = LinkBetween(Named(from), Named(to));
  link.delay = link.usual;
  link.loss = 0;
}

void Fabric::ResetLinks() {
  for (Link* link : links_) {
    link->delay = link->usual;
    link->loss = 0;
  }
}

bool Fabric::Reachable(const std::string& from, const std::string& to) {
  return LinkBetween(Named(from), Named(to)).blocked == 0;
}

int Fabric::ResetStreams(const std::string& a, const std::string& b) {
  Link* forth = &LinkBetween(Named(a), Named(b));
  Link* back = &LinkBetween(Named(b), Named(a));
  int count = 0;
  for (auto& [id, connection] : connections_) {
    if (connection->out(0) != forth && connection->out(0) != back) continue;
    connection->Reset();
    ++count;
  }
  return count;
}

void Fabric::OnProcessEnded(ProcessState& process, Host& host, PeersSee peers_see) {
  host.down |= peers_see == PeersSee::kSilence;
  std::erase_if(host.listeners, [&process](const auto& entry) { return entry.second.process == &process; });
  for (auto dial = dials_.begin(); dial != dials_.end();) {
    bool own = dial->second->process == &process;
    if (own) scheduler_.Cancel(dial->second->timeout);
    dial = own ? dials_.erase(dial) : std::next(dial);
  }
  std::vector<std::shared_ptr<Connection>> own;
  for (auto& [id, connection] : connections_) {
    if (connection->process(0) == &process || connection->process(1) == &process) own.push_back(connection);
  }
  for (auto& connection : own) {
    for (int end : {0, 1}) {
      if (connection->process(end) != &process || connection->ended(end)) continue;
      bool keep_sent = random_.Below(2) == 0;
      connection->OnProcessEnded(end, keep_sent, peers_see);
    }
  }
}

void Fabric::OnProcessBack(Host& host) {
  std::vector<std::shared_ptr<Connection>> all;
  for (auto& [id, connection] : connections_) all.push_back(connection);
  for (auto& connection : all) {
    for (int end : {0, 1}) {
      if (connection->out(end)->from == &host) connection->OnProcessBack(end);
    }
  }
  if (!std::exchange(host.down, false)) return;
  for (auto& [id, attempt] : dials_) {
    if (!attempt->held || attempt->target.host != &host) continue;
    attempt->held = false;
    SendSyn(id, Duration(random_.Between(0, kLongestCatchUp.count())));
  }
}

}  // namespace kp::runtime::sim
