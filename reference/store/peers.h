// Frames between members. Each member dials every other and sends on the connection that it dialled;
// what comes in arrives on connections that were accepted. A lost connection is dialled again, and what
// could not be sent is dropped: Raft repeats what matters.
//
//   frame: length:4 (little-endian, of what follows) type:1 payload
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/store/cluster.h"
#include "reference/transport/secure.h"

namespace kp::store {

enum class FrameType : uint8_t {
  kHello = 1,      // the first one: cluster, sender, receiver, where the sender serves clients
  kRaft = 2,       // raft::EncodeMessage
  kBulk = 3,       // a piece of a large kRaft frame, between which others may pass
  kPropose = 4,    // EncodeProposal, to the leader
  kLeaseCall = 5,  // see member_leases.cc
  kLeaseReply = 6,
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
};

struct PeerOptions {
  Cluster cluster;
  uint64_t self = 0;
  std::string client_urls;  // our own, told to the others
  transport::TlsOptions server_tls;
  transport::TlsOptions client_tls;
};

class Peers {
 public:
  static Result<std::unique_ptr<Peers>> Create(runtime::Env& env, const PeerOptions& options, PeerHandler* handler);
  virtual ~Peers() = default;
  virtual Status Listen(const std::string& address) = 0;
  // Begins to dial. Once.
  virtual void Start() = 0;
  // False: there is no connection, or it is far behind; the frame is dropped.
  virtual bool Send(uint64_t to, FrameType type, std::string_view payload) = 0;
  // A large kRaft frame in pieces; replaces one to the same peer that is still under way.
  virtual bool SendBulk(uint64_t to, std::string payload) = 0;
  virtual bool Connected(uint64_t id) const = 0;
  virtual size_t connected() const = 0;
  // Where a peer serves clients, as it said when it last connected; "" before.
  virtual std::string ClientUrls(uint64_t id) const = 0;
};

}  // namespace kp::store
