// A queue for one place, as etcd's recipe makes it of keys (client/v3/concurrency): a contestant has the key
// PREFIX + its lease in hexadecimal, and the place belongs to the oldest of them. A key goes with its lease, so a
// contestant that dies makes room.
//
// On the wire such a call has one request and one answer; here it is a stream, so that it is known when the client
// gives up: its key is then taken back. While it waits, its lease is kept alive.
#pragma once

#include <optional>
#include <string>

#include "reference/store/services.h"

namespace kp::store {

class Services::ContestCall : public transport::GrpcServerStreamHandler, private WatchSink {
 public:
  ContestCall(Services& services, StreamPtr stream);
  ~ContestCall() override;

  void OnEnd() override;

 protected:
  // "NAME/", the lease (0: one is granted), what the key holds.
  void Enter(const std::string& prefix, LeaseId lease, const std::string& value);
  // The key is the oldest of its prefix.
  virtual void OnWon(const ReplyHeader& header) = 0;
  void Fail(const kp::Status& status);
  void Answer(std::string message);

  Services& services_;
  StreamPtr stream_;
  std::string prefix_;
  std::string key_;
  LeaseId lease_ = 0;
  Revision created_ = 0;  // of the key; 0: not there yet

 private:
  void PutKey();
  void OnEntered(const Result<TxnResponse>& result);
  void Wait();
  void Watch();
  void LookAgain();
  void KeepAlive();
  void Withdraw();

  // WatchSink: something in the prefix was deleted.
  void OnReply(const WatchReply& reply) override;
  bool Ready() const override { return true; }

  Caller caller_;
  std::string value_;
  bool entered_ = false;
  bool answered_ = false;
  std::optional<WatchHub::StreamId> watch_;
  runtime::Timer keep_alive_;
  Alive alive_;
};

// The end of the keys that start with a prefix, which ends with '/'.
inline std::string EndOfPrefix(std::string prefix) {
  prefix.back() = '0';  // follows '/'
  return prefix;
}

}  // namespace kp::store
