// A stock client on the QuickFIX C++ engine that decides nothing: it sends what it
// is told to, and says all that passes, in both directions. What comes has been
// validated against the dictionary of its settings; what goes is too, but for lines
// that begin with "!".
//
//   relay SETTINGS DICTIONARY USER PASSWORD
//
// It reads messages a line, as 35=… and body with | for SOH, or "logout". It
// writes "< MESSAGE" and "> MESSAGE", "up" and "down", and "bad MESSAGE: WHY" for
// what it did not send. It logs out at the end of its input, and ends with 0.
#include <quickfix/Application.h>
#include <quickfix/DataDictionary.h>
#include <quickfix/FileStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>

#include <algorithm>
#include <iostream>
#include <mutex>
#include <string>

namespace {

std::string swapped(std::string s, char from, char to) {
  std::replace(s.begin(), s.end(), from, to);
  return s;
}

class Relay : public FIX::Application {
 public:
  Relay(const std::string& dictionary, std::string user, std::string password)
      : dictionary_(dictionary), user_(std::move(user)), password_(std::move(password)) {}

  void onCreate(const FIX::SessionID& id) override { session_ = id; }
  void onLogon(const FIX::SessionID&) override { say("up"); }
  void onLogout(const FIX::SessionID&) override { say("down"); }
  void toAdmin(FIX::Message& m, const FIX::SessionID&) override {
    FIX::MsgType type;
    m.getHeader().getField(type);
    if (type == FIX::MsgType_Logon) {
      m.setField(FIX::Username(user_));
      m.setField(FIX::Password(password_));
    }
    say("> " + m.toString());
  }
  void toApp(FIX::Message& m, const FIX::SessionID&) throw(FIX::DoNotSend) override { say("> " + m.toString()); }
  void fromAdmin(const FIX::Message& m, const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                     FIX::IncorrectTagValue, FIX::RejectLogon) override {
    say("< " + m.toString());
  }
  void fromApp(const FIX::Message& m, const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                   FIX::IncorrectTagValue,
                                                                   FIX::UnsupportedMessageType) override {
    say("< " + m.toString());
  }

  // send reads a message with the dictionary, which knows the groups. The engine adds
  // the rest of the header.
  void send(std::string line) {
    bool checked = line[0] != '!';
    if (!checked) line.erase(0, 1);
    try {
      FIX::Message m("8=FIX.4.4\0019=0\001" + swapped(line, '|', '\001') + "\00110=000\001", dictionary_, false);
      if (checked) dictionary_.validate(m, true);
      if (!FIX::Session::sendToTarget(m, session_)) say("bad " + line + ": not sent");
    } catch (const std::exception& e) {
      say("bad " + line + ": " + e.what());
    }
  }

  void logout() {
    FIX::Session* s = FIX::Session::lookupSession(session_);
    if (s) s->logout();
  }

 private:
  void say(const std::string& line) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::cout << swapped(line, '\001', '|') << std::endl;
  }

  std::mutex mutex_;
  FIX::DataDictionary dictionary_;
  FIX::SessionID session_;
  std::string user_, password_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: relay SETTINGS DICTIONARY USER PASSWORD\n";
    return 2;
  }
  try {
    FIX::SessionSettings settings(argv[1]);
    Relay relay(argv[2], argv[3], argv[4]);
    FIX::FileStoreFactory store(settings);
    FIX::SocketInitiator initiator(relay, store, settings);
    initiator.start();
    for (std::string line; std::getline(std::cin, line);) {
      if (line == "logout") relay.logout();
      else if (!line.empty()) relay.send(line);
    }
    initiator.stop();
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << "\n";
    return 1;
  }
}
