// How an asynchronous call reports: a Completion is called exactly once, on the loop's thread, and
// never from inside the call that took it.
//
// An actor that hands out completions wraps them in its Alive, so that one which arrives after the
// actor's end is dropped:
//
//   client_.Get(ref, alive_.Wrap([this](Result<Value> pod) { OnPod(std::move(pod)); }));
#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace kp {

template <typename T>
using Completion = std::function<void(T)>;

class Alive {
 public:
  Alive() : token_(std::make_shared<char>()) {}
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

  template <typename F>
  auto Wrap(F callback) const {
    return [weak = std::weak_ptr<char>(token_), callback = std::move(callback)](auto&&... args) mutable {
      // Held while the callback runs, so that a callback which destroys its actor stays valid.
      if (auto token = weak.lock()) callback(std::forward<decltype(args)>(args)...);
    };
  }

  // Drops every callback wrapped so far; later ones work.
  void Reset() { token_ = std::make_shared<char>(); }

 private:
  std::shared_ptr<char> token_;
};

}  // namespace kp
