// What a process consists of, as seen by those who start and end it.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "reference/runtime/env.h"

namespace kp::runtime {

// Destroying an actor has no effects beyond memory: a crash does just that.
class Actor {
 public:
  virtual ~Actor() = default;
};

// Makes the actors of one process; called again at each restart. Empty: a process that others drive.
using ActorFactory = std::function<std::unique_ptr<Actor>(Env&)>;

// Holds any component as an Actor: HoldActor<store::Server>(env, options).
template <typename T>
class ActorHolder : public Actor {
 public:
  template <typename... Args>
  explicit ActorHolder(Args&&... args) : held_(std::forward<Args>(args)...) {}
  T& operator*() { return held_; }

 private:
  T held_;
};

template <typename T, typename... Args>
std::unique_ptr<Actor> HoldActor(Args&&... args) {
  return std::make_unique<ActorHolder<T>>(std::forward<Args>(args)...);
}

}  // namespace kp::runtime
