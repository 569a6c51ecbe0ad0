// A stock acceptor on the QuickFIX C++ engine that fills every order, for the
// suites of certify/ to be tried on.
//
//   executor HOST PORT DICTIONARY
//
// It prints "ready" and serves until its standard input ends.
#include <quickfix/Application.h>
#include <quickfix/MessageStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/ThreadedSocketAcceptor.h>
#include <quickfix/fix44/ExecutionReport.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

namespace {

class Executor : public FIX::Application {
 public:
  void onCreate(const FIX::SessionID&) override {}
  void onLogon(const FIX::SessionID&) override {}
  void onLogout(const FIX::SessionID&) override {}
  void toAdmin(FIX::Message&, const FIX::SessionID&) override {}
  void toApp(FIX::Message&, const FIX::SessionID&) throw(FIX::DoNotSend) override {}
  void fromAdmin(const FIX::Message&, const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                   FIX::IncorrectTagValue, FIX::RejectLogon) override {}
  void fromApp(const FIX::Message& m, const FIX::SessionID& id) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                      FIX::IncorrectTagValue,
                                                                      FIX::UnsupportedMessageType) override {
    FIX::MsgType type;
    m.getHeader().getField(type);
    if (type != FIX::MsgType_NewOrderSingle) throw FIX::UnsupportedMessageType();
    FIX44::ExecutionReport r;
    for (int tag : {11, 55, 54, 38}) r.setField(tag, m.getField(tag));
    r.setField(32, m.getField(38));
    r.setField(14, m.getField(38));
    r.setField(37, "O");
    r.setField(17, "E");
    r.setField(150, "F");
    r.setField(39, "2");
    r.setField(31, "1");
    r.setField(151, "0");
    r.setField(6, "1");
    FIX::Session::sendToTarget(r, id);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: executor HOST PORT DICTIONARY\n";
    return 2;
  }
  std::ostringstream s;
  s << "[DEFAULT]\nConnectionType=acceptor\nSocketAcceptHost=" << argv[1] << "\nSocketAcceptPort=" << argv[2]
    << "\nSocketReuseAddress=Y\nStartTime=00:00:00\nEndTime=00:00:00\nDataDictionary=" << argv[3]
    << "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=STOCK\nTargetCompID=TRY\n";
  try {
    std::istringstream in(s.str());
    FIX::SessionSettings settings(in);
    Executor app;
    FIX::MemoryStoreFactory stores;
    FIX::ThreadedSocketAcceptor acceptor(app, stores, settings);
    acceptor.start();
    std::cout << "ready" << std::endl;
    std::cin.get();
    acceptor.stop(true);
  } catch (std::exception& e) {
    std::cerr << e.what() << "\n";
    return 1;
  }
  return 0;
}
