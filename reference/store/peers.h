// Frames between members. Each member dials every other and sends on the connection that it dialled;
// what comes in arrives on connections that were accepted. A lost connection is dialled again, and what
// could not be sent is dropped: Raft repeats what matters.
//
//   frame: length:4 (little-endian, of what follows) type:1 payload
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/store/cluster.h"
#include "reference/transport/secure.h"

namespace kp::store {

enum class FrameType : uint8_t {
  kHello = 1,      // the first one: cluster, sender, receiver, where the sender's peers reach it
  kRaft = 2,       // raft::EncodeMessage
  kBulk = 3,       // a piece of a large kRaft frame, between which others may pass
  kPropose = 4,    // EncodeProposal, to the leader
  kLeaseCall = 5,  // see member_leases.cc
  kLeaseReply = 6,
  kRefuse = 7,        // to a proposal's sender: why the leader did not take it
  kGoAway = 8,        // the answer to a hello that is not accepted
  kAskMembers = 9,    // a first frame of its own: who are you? See join.h
  kTellMembers = 10,  // its answer
};

class PeerHandler {
 public:
  virtual ~PeerHandler() = default;
  virtual void OnPeerFrame(uint64_t from, FrameType type, std::string_view payload) = 0;
  // A direction of the connection was made; may come twice.
  virtual void OnPeerUp(uint64_t id) = 0;
  virtual void OnPeerDown(uint64_t id) = 0;
  // A bulk transfer has left completely, or its connection broke.
  virtual void OnBulkSent(uint64_t to, const Status& outcome) = 0;
  // A member of our cluster says that this one was removed from it.
  virtual void OnRemovedFromCluster() = 0;
  // What a kAskMembers is answered: EncodeClusterView.
  virtual std::string DescribeCluster() const = 0;
};

struct Peer {
  uint64_t id = 0;
  std::vector<Url> urls;
};

struct PeerOptions {
  uint64_t cluster = 0;
  uint64_t self = 0;
  std::string peer_urls;  // our own, told to the others
  transport::TlsOptions server_tls;
  transport::TlsOptions client_tls;
};

class Peers {
 public:
  static Result<std::unique_ptr<Peers>> Create(runtime::Env& env, const PeerOptions& options, PeerHandler* handler);
  virtual ~Peers() = default;
  virtual Status Listen(const Url& url) = 0;
  // Whom to dial, and whom never to admit again. Replaces what was said before; connections to those who stay
  // where they are last.
  virtual void SetPeers(const std::vector<Peer>& peers, const std::set<uint64_t>& removed) = 0;
  // Begins to dial. Once.
  virtual void Start() = 0;
  // False: there is no connection, or it is far behind; the frame is dropped.
  virtual bool Send(uint64_t to, FrameType type, std::string_view payload) = 0;
  // A large kRaft frame in pieces; replaces one to the same peer that is still under way.
  virtual bool SendBulk(uint64_t to, std::string payload) = 0;
  // Since when our connection to it stands; nothing when there is none.
  virtual std::optional<Time> ConnectedSince(uint64_t id) const = 0;
  bool Connected(uint64_t id) const { return ConnectedSince(id).has_value(); }
  virtual size_t connected() const = 0;
  // To and from each peer, since this process began.
  virtual std::map<uint64_t, uint64_t> sent_bytes() const = 0;
  virtual std::map<uint64_t, uint64_t> received_bytes() const = 0;
};

}  // namespace kp::store
