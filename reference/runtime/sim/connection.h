// A simulated stream between two processes: two directions, each a queue of chunks under way.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "reference/runtime/sim/fabric.h"

namespace kp::runtime::sim {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct End {
    ProcessState* process;
    Link* out;  // towards the other end
    std::string address;
  };

  Connection(Fabric& fabric, uint64_t id, End dialer, End acceptor);

  // The Stream of one end; once for each.
  std::unique_ptr<Stream> TakeStream(int end);

  const ProcessState* process(int end) const { return sides_[end].process; }
  const Link* out(int end) const { return sides_[end].out; }
  bool ended(int end) const { return sides_[end].ended; }
  const std::string& address(int end) const { return sides_[end].address; }

  // The user's side of Stream.
  void SetHandler(int end, StreamHandler* handler);
  bool Write(int end, std::string_view bytes);
  size_t Buffered(int end) const;
  void PauseReading(int end, bool paused);
  void Close(int end);
  void Abort(int end);

  // The network's side.
  // Both ends see a reset, what is under way is lost.
  void Reset();
  // Both ends give up on a silent peer.
  void TimeOut();
  // The process of `end` is gone. `keep_sent`: what it sent still arrives.
  void OnProcessEnded(int end, bool keep_sent, PeersSee peers_see);
  // Silent end is back: the peer learns.
  void OnProcessBack(int end);
  // The link into `end` carries again; what was held arrives after `wait`.
  void Release(int end, Duration wait);

 private:
  enum class ChunkKind : unsigned char { kData, kFin, kReset };
  struct Chunk {
    Time arrival;
    Time written;
    ChunkKind kind;
    uint64_t draw;
    std::string bytes;
  };
  struct Side {
    ProcessState* process = nullptr;
    Link* out = nullptr;
    std::string address;
    StreamHandler* handler = nullptr;
    bool ended = false;
    bool vanished = false;
    bool reading_paused = false;
    bool owes_writable = false;
    bool drain_posted = false;
    std::deque<Chunk> inbound;  // under way to this end, in order
    bool arrival_pending = false;
    TimerId arrival;
    bool held = false;
    std::deque<std::string> received;  // arrived, not yet read
    size_t unread = 0;                 // bytes of inbound and received
    std::optional<Status> close;       // to be told after `received`
  };

  void Send(int end, ChunkKind kind, std::string_view bytes);
  void ScheduleArrival(int end);
  void Arrive(int end);
  void TakeArrived(int end);
  void ScheduleDrain(int end);
  void Drain(int end);
  void OnRead(int end);
  void TellClosed(int end, Status reason);
  void EndSide(int end);
  void DropInbound(int end);
  bool CanDeliver(const Side& side) const {
    return !side.ended && side.handler != nullptr && !side.reading_paused && side.process->runs();
  }

  Fabric& fabric_;
  Scheduler& scheduler_;
  uint64_t id_;
  Side sides_[2];
};

}  // namespace kp::runtime::sim
