// One TCP or unix-domain connection, and the Stream that its user holds.
#pragma once

#include <memory>
#include <string>

#include "reference/runtime/posix/event_loop.h"

namespace kp::runtime::posix {

// Outlives its Stream while queued bytes are still to be sent after Close().
class Connection : public FdHandler, public std::enable_shared_from_this<Connection> {
 public:
  // Takes the connected, non-blocking `fd`.
  static std::unique_ptr<Stream> Adopt(EventLoop& loop, int fd);

  Connection(EventLoop& loop, int fd);
  ~Connection() override;

  void SetHandler(StreamHandler* handler);
  bool Write(std::string_view bytes);
  size_t buffered() const { return out_.size() - sent_; }
  void PauseReading(bool paused);
  void Close();
  void Abort();
  const std::string& peer() const { return peer_; }
  const std::string& local() const { return local_; }

  void OnReady(uint32_t epoll_events) override;

 private:
  enum class State : unsigned char { kOpen, kClosing, kLingering, kDone };

  void UpdateInterest();
  void ScheduleFlush();
  void Flush();
  void ReadSome();
  void Discard();
  void StartLinger();
  void Finish(const Status& reason);
  void Release();

  EventLoop& loop_;
  int fd_;
  uint64_t token_ = 0;     // 0: not watched
  uint32_t interest_ = 0;  // what the watch asks for
  State state_ = State::kOpen;
  StreamHandler* handler_ = nullptr;
  bool reading_paused_ = false;
  bool flush_posted_ = false;
  bool blocked_ = false;        // the kernel's buffer is full
  bool owes_writable_ = false;  // Write returned false
  bool send_failed_ = false;    // the peer refuses bytes; what it sent before is still read
  std::string out_;
  size_t sent_ = 0;  // bytes of out_ that the kernel has
  std::string peer_;
  std::string local_;
  TimerId linger_;
};

}  // namespace kp::runtime::posix
