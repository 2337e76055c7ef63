// Outcome of an operation that may fail for an expected reason.
//
// The codes are gRPC's (https://grpc.github.io/grpc/core/md_doc_statuscodes.html), so that a
// status crosses the etcd wire without a table. Kubernetes API failures carry more (reason,
// causes) and have a type of their own: api::ApiStatus.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "reference/base/check.h"

namespace kp {

enum class Code : unsigned char {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "NOT_FOUND" for kNotFound and so on.
std::string_view CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  // "OK" or "NOT_FOUND: no such file".
  std::string ToString() const;

  bool operator==(const Status&) const = default;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

// A value or the reason why there is none. `E` is Status unless an API reason is carried.
template <typename T, typename E = Status>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {   // NOLINT: implicit
    CHECK(!std::get<1>(state_).ok()) << "a Result without a value needs an error";
  }

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    CHECK(ok()) << "value() of a failed Result: " << std::get<1>(state_).ToString();
    return std::get<0>(state_);
  }
  T& value() & {
    CHECK(ok()) << "value() of a failed Result: " << std::get<1>(state_).ToString();
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(ok()) << "value() of a failed Result: " << std::get<1>(state_).ToString();
    return std::get<0>(std::move(state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  // The error; an OK error when there is a value.
  E status() const { return ok() ? E() : std::get<1>(state_); }
  const E& error() const {
    CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, E> state_;
};

}  // namespace kp
