// Tells code that has just called out whether its object is still there.
#pragma once

#include <memory>

namespace kp::transport {

// A member, the last one of its class. `auto watch = life_.Watch(); callback(); if (!watch) return;`
class Life {
 public:
  class Watcher {
   public:
    explicit Watcher(std::weak_ptr<char> token) : token_(std::move(token)) {}
    explicit operator bool() const { return !token_.expired(); }

   private:
    std::weak_ptr<char> token_;
  };
  Watcher Watch() const { return Watcher(token_); }

 private:
  std::shared_ptr<char> token_ = std::make_shared<char>();
};

}  // namespace kp::transport
