// Everything a component may ask of the world: clocks, timers, network, disk, randomness, a log.
//
// A component is single-threaded, event-driven code on one Env, its first constructor argument.
// runtime/posix gives the real world, runtime/sim a simulated one; nothing above may tell which.
// Callbacks run on the Env's one thread, never from inside the call that registered them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/completion.h"
#include "reference/base/random.h"
#include "reference/base/status.h"
#include "reference/base/time.h"

namespace kp::runtime {

using Task = std::function<void()>;

struct TimerId {
  uint64_t value = 0;
  explicit operator bool() const { return value != 0; }
};

// Receives what happens on a Stream. Must outlive it or detach first.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual void OnData(std::string_view bytes) = 0;
  // The last call. OK: the peer ended its side in order; else a reset, a time-out, our Abort is silent.
  virtual void OnClose(const Status& reason) = 0;
  // BufferedBytes() fell below the low-water mark after Write() returned false.
  virtual void OnWritable() {}
};

// A connected, ordered byte stream. Destroying it aborts it.
class Stream {
 public:
  virtual ~Stream() = default;
  // Begins delivery. Bytes that came before wait until then. nullptr pauses delivery.
  virtual void SetHandler(StreamHandler* handler) = 0;
  // Never blocks and never refuses: the bytes are queued. False asks the writer to hold back until
  // OnWritable (about 1 MiB is waiting).
  virtual bool Write(std::string_view bytes) = 0;
  virtual size_t BufferedBytes() const = 0;
  // Stops reading from the peer (flow control pushes back on it), or reads again.
  virtual void PauseReading(bool paused) = 0;
  // Sends what is queued, then ends both directions. No more callbacks follow.
  virtual void Close() = 0;
  virtual std::string PeerAddress() const = 0;
  virtual std::string LocalAddress() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;  // stops listening
  // "127.0.0.1:43211": what was really bound.
  virtual std::string Address() const = 0;
};

// Addresses are "IP:port" or "host:port" text; port 0 lets the system choose when listening.
class Network {
 public:
  virtual ~Network() = default;
  // kUnavailable "listen 127.0.0.1:6443: address already in use".
  virtual Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                                   std::function<void(std::unique_ptr<Stream>)> on_accept) = 0;
  virtual void Dial(const std::string& address, Duration timeout, Completion<Result<std::unique_ptr<Stream>>> done) = 0;
};

// An open file. Reads see earlier writes of the same process at once; a crash may lose or tear
// what was written since the last Sync that completed with OK.
class File {
 public:
  virtual ~File() = default;
  virtual Result<std::string> Read(uint64_t offset, size_t size) = 0;  // short at the end of the file
  virtual Status Write(uint64_t offset, std::string_view bytes) = 0;   // kResourceExhausted: disk full
  virtual Status Truncate(uint64_t size) = 0;
  virtual uint64_t Size() const = 0;
  // fdatasync. Completions come in order per file. After a failed sync the file's content is
  // unknown: the caller must stop, not retry (fsync semantics of Linux).
  virtual void Sync(Completion<Status> done) = 0;
};

class Disk {
 public:
  virtual ~Disk() = default;
  enum class OpenMode : unsigned char { kRead, kReadWrite, kCreate };  // kCreate: read-write, made when missing
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  virtual Result<std::string> ReadAll(const std::string& path) = 0;
  // Written to a temporary name, synced, renamed, the directory synced.
  virtual void WriteAtomically(const std::string& path, std::string bytes, Completion<Status> done) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;
  virtual Status MakeDirectories(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;  // names, sorted
  virtual bool Exists(const std::string& path) = 0;
  virtual void SyncDirectory(const std::string& path, Completion<Status> done) = 0;
};

enum class Severity : unsigned char { kDebug, kInfo, kWarning, kError };

class Env {
 public:
  virtual ~Env() = default;

  // The process's name: "store-0", "apiserver-0", "kubelet-node-1".
  virtual const std::string& name() const = 0;

  virtual Time Now() const = 0;
  virtual WallTime Wall() const = 0;
  virtual TimerId After(Duration delay, Task task) = 0;
  virtual void Cancel(TimerId timer) = 0;
  // Runs `task` after the current callback, before any timer.
  virtual void Post(Task task) = 0;

  virtual Network& network() = 0;
  virtual Disk& disk() = 0;
  // The process's stream; actors take streams of their own with random().Fork("purpose").
  virtual Random& random() = 0;

  virtual void Log(Severity severity, std::string_view component, std::string_view message) = 0;
  // The process must end: a disk that failed a sync, a lost lease. It stops after the current
  // callback; the caller returns at once and starts nothing new. posix exits with status 1.
  virtual void Fail(std::string_view component, std::string_view reason) = 0;
};

// A timer that is cancelled with its owner and runs at most once per Start.
class Timer {
 public:
  explicit Timer(Env& env) : env_(env) {}
  ~Timer() { Stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Replaces what was pending.
  void Start(Duration delay, Task task) {
    Stop();
    id_ = env_.After(delay, [this, task = std::move(task)] {
      id_ = {};
      task();
    });
  }
  void Stop() {
    if (id_) env_.Cancel(id_);
    id_ = {};
  }
  bool pending() const { return static_cast<bool>(id_); }

 private:
  Env& env_;
  TimerId id_;
};

}  // namespace kp::runtime
