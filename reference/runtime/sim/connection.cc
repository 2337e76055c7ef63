#include "reference/runtime/sim/connection.h"

#include <utility>

namespace kp::runtime::sim {
namespace {

constexpr size_t kHighWater = 1 << 20;
constexpr size_t kLowWater = 1 << 18;
// What the kernels of both ends take before the writer sees bytes waiting.
constexpr size_t kKernelBuffers = 1 << 18;

class SimStream : public Stream {
 public:
  SimStream(std::shared_ptr<Connection> connection, int end) : connection_(std::move(connection)), end_(end) {}
  ~SimStream() override { connection_->Abort(end_); }
  void SetHandler(StreamHandler* handler) override { connection_->SetHandler(end_, handler); }
  bool Write(std::string_view bytes) override { return connection_->Write(end_, bytes); }
  size_t BufferedBytes() const override { return connection_->Buffered(end_); }
  void PauseReading(bool paused) override { connection_->PauseReading(end_, paused); }
  void Close() override { connection_->Close(end_); }
  std::string PeerAddress() const override { return connection_->address(1 - end_); }
  std::string LocalAddress() const override { return connection_->address(end_); }

 private:
  std::shared_ptr<Connection> connection_;
  int end_;
};

}  // namespace

Connection::Connection(Fabric& fabric, uint64_t id, End dialer, End acceptor)
    : fabric_(fabric), scheduler_(fabric.scheduler()), id_(id) {
  int i = 0;
  for (End* end : {&dialer, &acceptor}) {
    sides_[i].process = end->process;
    sides_[i].out = end->out;
    sides_[i].address = std::move(end->address);
    ++i;
  }
}

std::unique_ptr<Stream> Connection::TakeStream(int end) { return std::make_unique<SimStream>(shared_from_this(), end); }

void Connection::SetHandler(int end, StreamHandler* handler) {
  Side& side = sides_[end];
  if (side.ended) return;
  side.handler = handler;
  ScheduleDrain(end);
}

void Connection::PauseReading(int end, bool paused) {
  Side& side = sides_[end];
  if (side.ended) return;
  side.reading_paused = paused;
  ScheduleDrain(end);
}

bool Connection::Write(int end, std::string_view bytes) {
  Side& side = sides_[end];
  if (side.ended || !side.process->runs()) return true;
  if (!bytes.empty()) Send(end, ChunkKind::kData, bytes);
  if (Buffered(end) < kHighWater) return true;
  side.owes_writable = true;
  return false;
}

size_t Connection::Buffered(int end) const {
  size_t unread = sides_[1 - end].unread;
  return unread > kKernelBuffers ? unread - kKernelBuffers : 0;
}

void Connection::Close(int end) {
  if (sides_[end].ended || !sides_[end].process->runs()) return;
  Send(end, ChunkKind::kFin, {});
  EndSide(end);
}

void Connection::Abort(int end) {
  if (sides_[end].ended || !sides_[end].process->alive) return;
  Send(end, ChunkKind::kReset, {});
  EndSide(end);
}

// Writes of one instant travel together: the first draws the delay, the others join it.
void Connection::Send(int end, ChunkKind kind, std::string_view bytes) {
  Side& to = sides_[1 - end];
  if (to.ended) return;
  Link& link = *sides_[end].out;
  Time now = scheduler_.now();
  to.unread += bytes.size();
  if (kind == ChunkKind::kData && !to.inbound.empty()) {
    Chunk& last = to.inbound.back();
    if (last.kind == ChunkKind::kData && last.written == now && last.arrival > now) {
      last.bytes += bytes;
      return;
    }
  }
  uint64_t draw = link.random.Next();
  Time arrival = now + fabric_.DrawDelay(link, draw);
  // A direction keeps its order: what is behind a late chunk is as late.
  if (!to.inbound.empty()) arrival = std::max(arrival, to.inbound.back().arrival);
  to.inbound.push_back({arrival, now, kind, draw, std::string(bytes)});
  if (!to.arrival_pending && !to.held) ScheduleArrival(1 - end);
}

void Connection::ScheduleArrival(int end) {
  Side& side = sides_[end];
  side.arrival_pending = true;
  // By id, not by pointer: small enough for std::function to keep without allocating, and safe
  // when the connection is gone by then.
  auto task = [fabric = &fabric_, key = (id_ << 1) | static_cast<uint64_t>(end)] {
    if (auto self = fabric->Find(key >> 1)) self->Arrive(static_cast<int>(key & 1));
  };
  side.arrival = scheduler_.At(side.inbound.front().arrival, side.process, EventKind::kNetwork, std::move(task));
}

void Connection::Arrive(int end) {
  Side& side = sides_[end];
  side.arrival_pending = false;
  if (sides_[1 - end].out->blocked > 0) {
    side.held = true;
    scheduler_.counters().partition_held_chunks += side.inbound.size();
    return;
  }
  TakeArrived(end);
  if (!side.inbound.empty()) ScheduleArrival(end);
  Drain(end);
}

void Connection::TakeArrived(int end) {
  Side& side = sides_[end];
  while (!side.inbound.empty() && side.inbound.front().arrival <= scheduler_.now()) {
    Chunk chunk = std::move(side.inbound.front());
    side.inbound.pop_front();
    if (side.ended) continue;
    switch (chunk.kind) {
      case ChunkKind::kFin: side.close = Status::Ok(); break;
      case ChunkKind::kReset:
        for (const std::string& bytes : side.received) side.unread -= bytes.size();
        side.received.clear();
        side.close = Status(Code::kUnavailable, "read " + sides_[1 - end].address + ": connection reset by peer");
        break;
      case ChunkKind::kData: {
        ++scheduler_.counters().messages;
        scheduler_.counters().bytes += chunk.bytes.size();
        scheduler_.log().Bytes(scheduler_.now(), "received", side.process->name, chunk.bytes);
        // The draw's upper bits choose whether and where the reader sees two pieces.
        uint32_t one_in = fabric_.options().split_one_in;
        if (one_in != 0 && chunk.bytes.size() > 1 && (chunk.draw >> 48) % one_in == 0) {
          size_t first = 1 + ((chunk.draw >> 32) & 0xffff) % (chunk.bytes.size() - 1);
          side.received.push_back(chunk.bytes.substr(0, first));
          side.received.push_back(chunk.bytes.substr(first));
          ++scheduler_.counters().split_chunks;
        } else {
          side.received.push_back(std::move(chunk.bytes));
        }
      }
    }
  }
}

void Connection::ScheduleDrain(int end) {
  Side& side = sides_[end];
  if (!CanDeliver(side) || side.drain_posted || (side.received.empty() && !side.close)) return;
  side.drain_posted = true;
  scheduler_.Post(side.process, [fabric = &fabric_, key = (id_ << 1) | static_cast<uint64_t>(end)] {
    auto self = fabric->Find(key >> 1);
    if (!self) return;
    self->sides_[key & 1].drain_posted = false;
    self->Drain(static_cast<int>(key & 1));
  });
}

// The handler may close or destroy its stream at any call; the caller holds the connection.
void Connection::Drain(int end) {
  Side& side = sides_[end];
  while (CanDeliver(side) && !side.received.empty()) {
    std::string bytes = std::move(side.received.front());
    side.received.pop_front();
    side.unread -= bytes.size();
    OnRead(end);
    side.handler->OnData(bytes);
  }
  if (!CanDeliver(side) || !side.close) return;
  Status reason = std::move(*side.close);
  StreamHandler* handler = side.handler;
  EndSide(end);
  handler->OnClose(reason);
}

// The other end may write again once enough was read.
void Connection::OnRead(int end) {
  int writer = 1 - end;
  if (!sides_[writer].owes_writable || sides_[end].unread >= kKernelBuffers + kLowWater) return;
  sides_[writer].owes_writable = false;
  auto task = [fabric = &fabric_, key = (id_ << 1) | static_cast<uint64_t>(writer)] {
    auto self = fabric->Find(key >> 1);
    if (!self) return;
    Side& side = self->sides_[key & 1];
    if (!side.ended && side.handler != nullptr) side.handler->OnWritable();
  };
  scheduler_.After(sides_[end].out->delay.low, sides_[writer].process, EventKind::kNetwork, std::move(task));
}

void Connection::TellClosed(int end, Status reason) {
  Side& side = sides_[end];
  if (side.ended) return;
  side.close = std::move(reason);
  ScheduleDrain(end);
}

void Connection::Reset() {
  scheduler_.counters().streams_reset++;
  for (int end : {0, 1}) {
    DropInbound(end);
    TellClosed(end, {Code::kUnavailable, "read " + sides_[1 - end].address + ": connection reset by peer"});
  }
}

void Connection::TimeOut() {
  scheduler_.counters().stream_timeouts++;
  for (int end : {0, 1}) {
    DropInbound(end);
    TellClosed(end, {Code::kUnavailable, "read " + sides_[1 - end].address + ": connection timed out"});
  }
}

void Connection::OnProcessEnded(int end, bool keep_sent, PeersSee peers_see) {
  if (sides_[end].ended) return;
  Side& peer = sides_[1 - end];
  if (!keep_sent || peers_see == PeersSee::kSilence) {
    scheduler_.counters().crash_dropped_chunks += peer.inbound.size();
    DropInbound(1 - end);
  }
  if (peers_see == PeersSee::kReset) {
    Send(end, ChunkKind::kReset, {});
  } else {
    sides_[end].vanished = true;
    scheduler_.After(fabric_.options().stream_timeout, nullptr, EventKind::kWorld, [fabric = &fabric_, id = id_] {
      if (auto self = fabric->Find(id)) self->TimeOut();
    });
  }
  EndSide(end);
}

void Connection::OnProcessBack(int end) {
  if (!sides_[end].vanished) return;
  sides_[end].vanished = false;
  Send(end, ChunkKind::kReset, {});
}

void Connection::Release(int end, Duration wait) {
  Side& side = sides_[end];
  if (!side.held) return;
  side.held = false;
  Time earliest = scheduler_.now() + wait;
  for (Chunk& chunk : side.inbound) chunk.arrival = std::max(chunk.arrival, earliest);
  if (!side.inbound.empty()) ScheduleArrival(end);
}

void Connection::DropInbound(int end) {
  Side& side = sides_[end];
  for (const Chunk& chunk : side.inbound) side.unread -= chunk.bytes.size();
  side.inbound.clear();
  side.held = false;
  if (std::exchange(side.arrival_pending, false)) scheduler_.Cancel(side.arrival);
}

void Connection::EndSide(int end) {
  Side& side = sides_[end];
  side.ended = true;
  side.handler = nullptr;
  side.received.clear();
  side.close.reset();
  DropInbound(end);
  side.unread = 0;
  if (sides_[1 - end].ended) fabric_.Forget(id_);
}

}  // namespace kp::runtime::sim
