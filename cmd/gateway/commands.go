package main

import "backstop/config"

// Groups of commands, as the overview heads them.
const (
	groupRun     = "run"
	groupConfig  = "configuration"
	groupClient  = "client"
	groupBooks   = "books"
	groupDesk    = "desk"
	groupFix     = "fix"
	groupCertify = "certification"
	groupMore    = "more"
)

// commandTable is every command of the binary, in the order of the overview.
// What is not built is not in it.
func commandTable() []config.Command { return append(venueTable(), clientTable()...) }

// venueTable is what is done with a gateway, its books and its desk.
func venueTable() []config.Command {
	return []config.Command{
		demoCommand(),
		runCommand(),
		statusCommand(),
		doctorCommand(),
		configInit(),
		configValidate(),
		configShow(),
		configHashPassword(),
		ledgerVerify(),
		ledgerBalances(),
		journalVerify(),
		journalDump(),
		ledgerPools(),
		ledgerSettlements(),
		tradeList(),
		tradeShow(),
		dbCheck(),
		dbBackup(),
		dbRestore(),
		statementCommand(),
		reportSymmetry(),
		auditList(),
		auditVerify(),
		deskApprove(),
		accountList(),
		accountDeposit(),
		accountWithdraw(),
		accountStop(),
		accountResume(),
		marketList(),
		marketShow(),
		marketHalt(),
		marketResume(),
		marketReduceOnly(),
		marketExpire(),
		tradeBust(),
		sessionList(),
		sessionShow(),
		sessionEnable(),
		sessionDisable(),
		sessionKick(),
		sessionSetSeq(),
		sessionResetSeq(),
		sessionResetProtection(),
		sessionKnocks(),
		sessionPack(),
		explainQuote(),
		explainOrder(),
		explainReject(),
	}
}

// clientTable is what a client of one does, and all else.
func clientTable() []config.Command {
	return []config.Command{
		clientQuote(),
		clientMD(),
		clientOrder(),
		clientCancel(),
		clientCancelAll(),
		clientOrders(),
		clientStatus(),
		fixDecode(),
		fixGrep(),
		fixDict(),
		fixLintDict(),
		conformCommand(),
		certifyList(),
		certifyRun(),
		certifyGrade(),
		certifyReport(),
		config.Completion(),
		config.Help(),
		simRun(),
		benchCommand(),
		versionCommand(),
	}
}
